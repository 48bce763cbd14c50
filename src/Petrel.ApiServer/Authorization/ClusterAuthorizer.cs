using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// Authorizes requests: <c>system:masters</c> may do everything, nodes what their pods need, and all users what RBAC allows. Without
/// the default roles (in simulated worlds) authenticated users may read paths that are not resources.
/// </summary>
internal sealed class ClusterAuthorizer(ApiServerOptions options, CacheHub caches) : IAuthorizer
{
    private readonly NodeAuthorizer _nodes = new(caches);

    /// <summary>The roles.</summary>
    public RbacAuthorizer Rbac { get; } = new(caches);

    public async ValueTask<bool> IsAllowedAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken) =>
        await AdmitAsync(info, request, cancellationToken) is not null;

    /// <summary>The request, narrowed to what its user may see; null when the user may not send it.</summary>
    public async ValueTask<ApiRequest?> AdmitAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        var user = request.User;
        if (user.Groups.Contains(UserInfo.MastersGroup))
        {
            return request;
        }
        if (
            !options.KeepDefaultRoles
            && !info.IsResource
            && info.Verb is "get" or "head"
            && info.Path != "/metrics"
            && user.Groups.Contains(UserInfo.AuthenticatedGroup)
        )
        {
            return request;
        }
        if (await _nodes.IsAllowedAsync(info, request, cancellationToken))
        {
            return NodeAuthorizer.Narrow(info, request);
        }
        return await Rbac.IsAllowedAsync(info, user, cancellationToken) ? request : null;
    }
}
