using Petrel.ApiServer.Dispatching;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Discovery;

/// <summary>GET of <c>/</c>: the list of all paths that are not resources, as people and old clients look for them.</summary>
/// <param name="handlers">What answers those paths.</param>
internal sealed class RootIndex(IReadOnlyList<IPathHandler> handlers) : IPathHandler
{
    /// <inheritdoc/>
    public IEnumerable<string> Paths => [];

    /// <inheritdoc/>
    public ApiResponse? Answer(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD") || request.Path is not ("/" or "" or "/index.html"))
        {
            return null;
        }
        var paths = handlers.SelectMany(h => h.Paths).Distinct().Order(StringComparer.Ordinal);
        return new ApiResponse
        {
            StatusCode = 200,
            Body = JsonBytes.Of(new System.Text.Json.Nodes.JsonObject { ["paths"] = ResourceLists.Strings(paths) }),
        };
    }
}
