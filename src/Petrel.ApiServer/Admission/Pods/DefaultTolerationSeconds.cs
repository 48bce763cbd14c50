using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Pods;

/// <summary>
/// Adds the default tolerations for not-ready and unreachable nodes to pods that have none (upstream's admission of that name).
/// </summary>
internal sealed class DefaultTolerationSeconds(ApiServerOptions options) : IAdmissionPlugin
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    public string Name => "DefaultTolerationSeconds";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Create or AdmissionOperation.Update, Subresource.Length: 0 } && request.Is("", "pods");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        Complete(request.Object!.Ensure("spec"));
        return ValueTask.CompletedTask;
    }

    private void Complete(JsonObject spec)
    {
        var tolerations = spec.List("tolerations") ?? [];
        var missing = new List<JsonObject>();
        if (!Tolerates(tolerations, NotReady))
        {
            missing.Add(Toleration(NotReady, options.NotReadyTolerationSeconds));
        }
        if (!Tolerates(tolerations, Unreachable))
        {
            missing.Add(Toleration(Unreachable, options.UnreachableTolerationSeconds));
        }
        foreach (var toleration in missing)
        {
            tolerations.Add((JsonNode)toleration);
        }
        if (tolerations.Parent is null && missing.Count > 0)
        {
            spec["tolerations"] = tolerations;
        }
    }

    private static bool Tolerates(JsonArray tolerations, string key) =>
        tolerations
            .OfType<JsonObject>()
            .Any(toleration =>
                toleration.Text("key") is var named && (named == key || named.Length == 0) && toleration.Text("effect") is "NoExecute" or ""
            );

    private static JsonObject Toleration(string key, long seconds) =>
        new()
        {
            ["key"] = key,
            ["operator"] = "Exists",
            ["effect"] = "NoExecute",
            ["tolerationSeconds"] = seconds,
        };
}
