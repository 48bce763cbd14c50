using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;

namespace Petrel.ApiServer.Admission;

/// <summary>What every new pod gets when it does not say otherwise (upstream's ServiceAccount and DefaultTolerationSeconds admission).</summary>
internal sealed class PodAdmission(ApiServerOptions options) : IAdmissionPlugin
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    public string Name => "DefaultTolerationSeconds";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Create, Subresource.Length: 0 } && request.Is("", "pods");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        Complete(request.Object!);
        return ValueTask.CompletedTask;
    }

    private void Complete(JsonObject pod)
    {
        var spec = pod.Ensure("spec");
        if (spec.Text("serviceAccountName").Length == 0)
        {
            spec["serviceAccountName"] = spec.Text("serviceAccount") is { Length: > 0 } old ? old : "default";
        }
        // The deprecated name of the field is kept in step.
        spec["serviceAccount"] = spec.Text("serviceAccountName");
        if (spec["tolerations"] is not JsonArray tolerations)
        {
            tolerations = [];
        }
        var toNotReady = Tolerates(tolerations, NotReady);
        var toUnreachable = Tolerates(tolerations, Unreachable);
        if (!toNotReady)
        {
            tolerations.Add((JsonNode)Toleration(NotReady, options.NotReadyTolerationSeconds));
        }
        if (!toUnreachable)
        {
            tolerations.Add((JsonNode)Toleration(Unreachable, options.UnreachableTolerationSeconds));
        }
        if (tolerations.Parent is null)
        {
            spec["tolerations"] = tolerations;
        }
    }

    private static bool Tolerates(JsonArray tolerations, string key)
    {
        foreach (var item in tolerations)
        {
            if (item is JsonObject toleration
                && toleration.Text("key") is var named && (named == key || named.Length == 0)
                && toleration.Text("effect") is "NoExecute" or "")
            {
                return true;
            }
        }
        return false;
    }

    private static JsonObject Toleration(string key, long seconds) => new()
    {
        ["key"] = key,
        ["operator"] = "Exists",
        ["effect"] = "NoExecute",
        ["tolerationSeconds"] = seconds,
    };
}
