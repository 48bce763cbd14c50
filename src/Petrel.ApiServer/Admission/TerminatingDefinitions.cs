using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission;

/// <summary>
/// Refuses new custom resources while their definition is being deleted: it waits until all of them are gone (upstream: the handler of
/// custom resources).
/// </summary>
internal sealed class TerminatingDefinitions(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    public string Name => "CustomResourceDefinitionTermination";

    public bool Handles(AdmissionRequest request) => request.Operation == AdmissionOperation.Create && request.Kind.IsCustom;

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (kinds.Find("apiextensions.k8s.io", "v1", "customresourcedefinitions") is not { } definitions)
        {
            return;
        }
        var key = definitions.StoreKey(new ObjectKey("", $"{request.Kind.Plural}.{request.Kind.Gvk.Group}"));
        // Only a definition that is being deleted is worth parsing.
        if (
            await store.GetAsync(key, cancellationToken) is { } entry
            && entry.Value.Span.IndexOf("\"deletionTimestamp\""u8) >= 0
            && DeepJson.Node(entry.Value.Span)!.AsObject().Metadata().Has("deletionTimestamp")
        )
        {
            throw StatusErrors.MethodNotAllowed("create not allowed while custom resource definition is terminating");
        }
    }
}
