using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Verbs;

/// <summary>DELETE of a collection: every object that is selected, each as if it were deleted alone.</summary>
internal sealed class DeleteCollectionVerb(ListVerb list, CacheHub caches, DeleteEngine engine)
{
    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var selection = ListOptions.Read(request.Http, request.Kind, watch: false);
        var options = DeleteOptions.Read(request.Http);
        var page = await list.SelectAsync(request, selection, cancellationToken);
        var call = new WriteCall
        {
            User = request.Http.User,
            UserAgent = request.Http.UserAgent,
            DryRun = options.DryRun,
        };
        var deleted = new List<WireObject>();
        var keys = page.Items.Select(item => new ObjectKey(item.Namespace, item.Name)).ToList();
        if (selection.SelectsAll && page.Continue.Length == 0)
        {
            // Nothing selects what can't be read, so it goes with the rest. Otherwise it would outlive its namespace.
            keys.AddRange(caches.Broken.Under(request.Kind, request.PathPrefix).Select(KeyOf));
        }
        foreach (var key in keys)
        {
            try
            {
                deleted.Add((await engine.RunAsync(request.Kind, key, options, call, cancellationToken)).Object);
            }
            catch (StatusException e) when (e.Reason == "NotFound")
            {
                // A concurrent request deleted it.
            }
        }
        return list.Respond(request, page with { Items = deleted });
    }

    private static ObjectKey KeyOf(string path) =>
        path.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? new(path[..slash], path[(slash + 1)..]) : new("", path);
}
