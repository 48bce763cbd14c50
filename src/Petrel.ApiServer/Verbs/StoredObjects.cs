using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Watching;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Verbs;

/// <summary>Answers for all kinds whose objects are stored, custom resources among them: one verb each.</summary>
internal sealed class StoredObjects(
    GetVerb get,
    ListVerb list,
    WatchVerb watch,
    CreateVerb create,
    UpdateVerb update,
    PatchVerb patch,
    DeleteVerb delete,
    DeleteCollectionVerb deleteCollection
) : IResourceHandler
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken) =>
        (request.Info.Verb, request.Key.Name.Length > 0) switch
        {
            ("get", true) => get.RunAsync(request, cancellationToken),
            ("list", false) => list.RunAsync(request, cancellationToken),
            ("watch", _) => watch.RunAsync(request, cancellationToken),
            ("create", false) => create.RunAsync(request, cancellationToken),
            ("update", true) => update.RunAsync(request, UpdateScope.Object, cancellationToken),
            ("patch", true) => patch.RunAsync(request, UpdateScope.Object, cancellationToken),
            ("delete", true) => delete.RunAsync(request, cancellationToken),
            ("deletecollection", false) => deleteCollection.RunAsync(request, cancellationToken),
            _ => throw StatusErrors.MethodNotAllowed(),
        };
}
