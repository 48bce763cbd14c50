using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Verbs;

/// <summary>DELETE of one object.</summary>
internal sealed class DeleteVerb(TimeProvider time, DeleteEngine engine)
{
    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = DeleteOptions.Read(request.Http);
        var call = new WriteCall
        {
            User = request.Http.User,
            UserAgent = request.Http.UserAgent,
            DryRun = options.DryRun,
        };
        var result = await engine.RunAsync(request.Kind, request.Key, options, call, cancellationToken);
        if (result.Gone && !request.Kind.DeletionReturnsObject)
        {
            return ObjectResponses.Success(request.Kind, request.Key.Name, result.Uid);
        }
        var accepted = !result.Gone && (options.OrphanDependents == false || options.PropagationPolicy == "Foreground");
        return ObjectResponses.Object(request, result.Object, time.GetUtcNow(), accepted ? 202 : 200);
    }
}
