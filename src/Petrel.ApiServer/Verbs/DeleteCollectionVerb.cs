using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Verbs;

/// <summary>DELETE of a collection: every object that is selected, each as if it were deleted alone.</summary>
internal sealed class DeleteCollectionVerb(ListVerb list, DeleteEngine engine)
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
        foreach (var item in page.Items)
        {
            try
            {
                deleted.Add(
                    (await engine.RunAsync(request.Kind, new ObjectKey(item.Namespace, item.Name), options, call, cancellationToken)).Object
                );
            }
            catch (StatusException e) when (e.Reason == "NotFound")
            {
                // A concurrent request deleted it.
            }
        }
        return list.Respond(request, page with { Items = deleted });
    }
}
