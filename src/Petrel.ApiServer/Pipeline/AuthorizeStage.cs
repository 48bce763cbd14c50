using Petrel.ApiServer.Authorization;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Refuses what the user may not do.</summary>
internal sealed class AuthorizeStage(ClusterAuthorizer authorizer) : IRequestStage
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        // What a node may create depends on the name in the body.
        if (
            context.Info.Verb == "create"
            && context.Request.User.Groups.Contains(UserInfo.NodesGroup)
            && await context.ReadBodyAsync() is { } refusal
        )
        {
            return refusal;
        }
        var (info, request) = (context.Info, context.Request);
        return await authorizer.IsAllowedAsync(info, request, context.CancellationToken)
            ? null
            : throw ForbiddenErrors.Create(info, request.User, authorizer.Rbac.Problems(info, request.User));
    }
}
