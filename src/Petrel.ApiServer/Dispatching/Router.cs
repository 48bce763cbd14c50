using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Dispatching;

/// <summary>
/// Leads a request to the handler that answers for its kind, subresource or path. Which those are is in the rows that it gets: the router
/// knows no kind and no subresource by name.
/// </summary>
/// <param name="kinds">The kinds and subresources that are served.</param>
/// <param name="stored">Answers for all kinds without a handler of their own.</param>
/// <param name="handlers">The handlers of kinds that are not stored objects.</param>
/// <param name="subresources">The handler of each subresource.</param>
/// <param name="virtualResources">Resources outside the registry; the first that matches answers.</param>
/// <param name="paths">What is not a resource; the first that has an answer gives it.</param>
internal sealed class Router(
    KindRegistry kinds,
    IResourceHandler stored,
    IReadOnlyDictionary<KindDefinition, IResourceHandler> handlers,
    IReadOnlyDictionary<SubresourceDefinition, IResourceHandler> subresources,
    IVirtualResource[] virtualResources,
    IPathHandler[] paths
)
{
    /// <exception cref="StatusException">There is no such resource, or it does not answer the verb.</exception>
    public ValueTask<ApiResponse> RouteAsync(RequestInfo info, ApiRequest http, CancellationToken cancellationToken)
    {
        if (!info.IsResource)
        {
            return new(AnswerPath(http));
        }
        if (info.Namespace is "." or ".." || info.Name is "." or ".." || info.Name.Contains('%', StringComparison.Ordinal))
        {
            throw StatusErrors.BadRequest(
                $"a path may not name \"{info.Namespace}/{info.Name}\": names may not be '.' or '..', or contain '%'"
            );
        }
        foreach (var resource in virtualResources)
        {
            if (resource.Matches(info))
            {
                return resource.HandleAsync(info, http, cancellationToken);
            }
        }
        var kind = kinds.Find(info.Group, info.Version, info.Resource) ?? throw StatusErrors.NoSuchResource();
        if (!kind.Namespaced && info.Namespace.Length > 0 && !info.IsNamespace)
        {
            throw StatusErrors.NoSuchResource();
        }
        if (kind.Namespaced && info.Namespace.Length == 0 && info.Name.Length > 0)
        {
            throw StatusErrors.NoSuchResource();
        }
        var request = new ResourceRequest(http, info, kind);
        if (kind.Columns.Count == 0)
        {
            // Refuse what cannot be answered before anything is done.
            _ = request.Format;
        }
        var handler = info.Subresource.Length == 0 ? HandlerOf(kind, info) : HandlerOfSubresource(kind, info);
        var response = handler.HandleAsync(request, cancellationToken);
        return kind.Deprecation.Length == 0 ? response : WarnAsync(response, kind.Deprecation);
    }

    private ApiResponse AnswerPath(ApiRequest http)
    {
        foreach (var path in paths)
        {
            if (path.Answer(http) is { } response)
            {
                return response;
            }
        }
        var read = http with { Method = "GET" };
        throw http.Method != "GET" && paths.Any(p => p.Answer(read) is not null)
            ? StatusErrors.MethodNotAllowed()
            : StatusErrors.NoSuchResource();
    }

    private IResourceHandler HandlerOf(KindDefinition kind, RequestInfo info) =>
        !kind.Verbs.Contains(info.Verb) ? throw StatusErrors.MethodNotAllowed() : handlers.GetValueOrDefault(kind, stored);

    private IResourceHandler HandlerOfSubresource(KindDefinition kind, RequestInfo info)
    {
        var subresource = kinds.FindSubresource(kind, info.Subresource) ?? throw StatusErrors.NoSuchResource();
        return subresource.Verbs.Contains(info.Verb) ? subresources[subresource] : throw StatusErrors.MethodNotAllowed();
    }

    private static async ValueTask<ApiResponse> WarnAsync(ValueTask<ApiResponse> response, string warning)
    {
        var answer = await response;
        return answer with { Headers = [.. answer.Headers, .. ObjectResponses.Warnings([warning])] };
    }
}
