using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission;

/// <summary>
/// Objects are created only in namespaces that exist and are not ending; the system's own namespaces stay (upstream's
/// NamespaceLifecycle admission).
/// </summary>
internal sealed class NamespaceLifecycle(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    private static readonly string[] Protected = ["default", "kube-system", "kube-public"];

    public string Name => "NamespaceLifecycle";

    public bool Handles(AdmissionRequest request) =>
        request.Operation switch
        {
            AdmissionOperation.Create => request.Kind.Namespaced,
            AdmissionOperation.Delete => request.Is("", "namespaces"),
            _ => false,
        };

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Create)
        {
            await CheckCreateAsync(request.Kind, request.Key, cancellationToken);
        }
        else if (Protected.Contains(request.Key.Name))
        {
            throw StatusErrors.Forbidden(request.Kind, request.Key.Name, "this namespace may not be deleted");
        }
    }

    private async ValueTask CheckCreateAsync(KindDefinition kind, ObjectKey key, CancellationToken cancellationToken)
    {
        var namespaces = kinds.Find("", "v1", "namespaces")!;
        var entry = await store.GetAsync(namespaces.StoreKey(new("", key.Namespace)), cancellationToken)
            ?? throw StatusErrors.NotFound(namespaces, key.Namespace);
        // Only an ending namespace is worth reading.
        if (
            entry.Value.Span.IndexOf("\"deletionTimestamp\""u8) >= 0
            && DeepJson.Node(entry.Value.Span)!.AsObject().Metadata()["deletionTimestamp"] is not null
        )
        {
            throw StatusErrors.Forbidden(
                kind,
                key.Name,
                $"unable to create new content in namespace {key.Namespace} because it is being terminated",
                [
                    new JsonObject
                    {
                        ["reason"] = "NamespaceTerminating",
                        ["message"] = $"namespace {key.Namespace} is being terminated",
                        ["field"] = "metadata.namespace",
                    },
                ]
            );
        }
    }
}
