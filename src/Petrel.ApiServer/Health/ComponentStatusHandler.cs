using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Health;

/// <summary>GET of ComponentStatuses: the store, and the components that the server knows of.</summary>
internal sealed class ComponentStatusHandler(
    CacheHub caches,
    IRevisionedStore store,
    TimeProvider time,
    ListVerb lists,
    IComponentHealth? components
) : IResourceHandler
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken) => new(Answer(request));

    private ApiResponse Answer(ResourceRequest request)
    {
        // A store that the caches have not read is not ready.
        List<KeyValuePair<string, string>> all =
        [
            .. components?.Read() ?? [],
            new("store", caches.Revision >= 0 ? store.Health.Problem : "not read yet"),
        ];
        var statuses = all.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => Wire(c.Key, c.Value));
        if (request.Key.Name.Length > 0)
        {
            var one = statuses.FirstOrDefault(c => c.Name == request.Key.Name)
                ?? throw StatusErrors.NotFound(request.Kind, request.Key.Name);
            return ObjectResponses.Object(request, one, time.GetUtcNow());
        }
        var options = ListOptions.Read(request.Http, request.Kind, watch: false);
        return lists.Respond(request, new ListPage([.. statuses.Where(options.Matches)], caches.Revision, "", null));
    }

    private WireObject Wire(string name, string problem)
    {
        var condition = new JsonObject { ["type"] = "Healthy", ["status"] = problem.Length == 0 ? "True" : "False" };
        condition[problem.Length == 0 ? "message" : "error"] = problem.Length == 0 ? "ok" : problem;
        var document = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ComponentStatus",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["conditions"] = new JsonArray(condition),
        };
        return new WireObject(ComponentStatusKind.Definition, name, StoredDocument.Encode(document), caches.Revision);
    }
}
