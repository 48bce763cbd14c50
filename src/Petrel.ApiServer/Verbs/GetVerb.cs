using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Verbs;

/// <summary>GET of one object.</summary>
internal sealed class GetVerb(CacheHub caches, TimeProvider time, ResourceVersionWait revisions)
{
    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var revision = ListOptions.ReadResourceVersion(request.Http.QueryValue("resourceVersion"));
        await revisions.WaitAsync(revision, cancellationToken);
        return ObjectResponses.Object(request, Find(request), time.GetUtcNow());
    }

    private WireObject Find(ResourceRequest request) =>
        caches.Of(request.Kind).Current.Find(request.PathPrefix + request.Key.Name)?.As(request.Kind)
        ?? throw (
            caches.Broken.Find(request.Kind.StoreKey(request.Key)) is { } broken
                ? StatusErrors.Unreadable(request.Kind, request.Key.Name, broken.Problem)
                : StatusErrors.NotFound(request.Kind, request.Key.Name)
        );
}
