using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Pods;

/// <summary>
/// Gives new pods the overhead and the constraints of the RuntimeClass that they name (upstream's RuntimeClass admission).
/// </summary>
internal sealed class RuntimeClassPlugin(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    private readonly KindDefinition? _classes = kinds.Find("node.k8s.io", "v1", "runtimeclasses");

    public string Name => "RuntimeClass";

    public bool Handles(AdmissionRequest request) => request.Creates("", "pods");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object!.Ensure("spec");
        if (await ClassAsync(request, spec, cancellationToken) is { } found && RuntimeClassRules.Apply(found, spec) is { } problem)
        {
            throw request.Forbidden(problem);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object!.Ensure("spec");
        if (RuntimeClassRules.Problem(await ClassAsync(request, spec, cancellationToken), spec) is { } problem)
        {
            throw request.Forbidden(problem);
        }
    }

    private async ValueTask<JsonObject?> ClassAsync(AdmissionRequest request, JsonObject spec, CancellationToken cancellationToken)
    {
        if (!spec.Has("runtimeClassName"))
        {
            return null;
        }
        var name = spec.Text("runtimeClassName");
        var found = _classes is null ? null : await AdmissionReads.FindAsync(store, _classes, new("", name), cancellationToken);
        return found ?? throw request.Forbidden($"pod rejected: RuntimeClass \"{name}\" not found");
    }
}
