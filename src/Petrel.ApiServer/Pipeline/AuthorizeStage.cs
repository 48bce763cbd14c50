using Petrel.ApiServer.Authorization;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Refuses what the user may not do, and narrows reads to what the user may see.</summary>
internal sealed class AuthorizeStage(ClusterAuthorizer authorizer) : IRequestStage
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        var (info, request) = (context.Info, context.Request);
        context.Request = await authorizer.AdmitAsync(info, request, context.CancellationToken)
            ?? throw ForbiddenErrors.Create(info, request.User, authorizer.Rbac.Problems(info, request.User));
        return null;
    }
}
