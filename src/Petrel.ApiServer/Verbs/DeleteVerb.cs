using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Verbs;

/// <summary>DELETE of one object.</summary>
internal sealed class DeleteVerb(ServerParts parts, DeleteEngine engine)
{
    // Kinds whose deletion answers with the object, as upstream's do.
    private static readonly string[] Returned =
    [
        "namespaces",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ];

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
        if (result.Gone && !(request.Kind.Gvk.Group.Length == 0 && Returned.Contains(request.Kind.Plural)))
        {
            return ObjectResponses.Success(request.Kind, request.Key.Name, result.Uid);
        }
        var accepted = !result.Gone && (options.OrphanDependents == false || options.PropagationPolicy == "Foreground");
        return ObjectResponses.Object(request, result.Object, parts.Time.GetUtcNow(), accepted ? 202 : 200);
    }
}
