using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Store;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// Authorizes requests: <c>system:masters</c> may do everything, nodes what their pods need, and all users what RBAC allows. Without
/// the default roles (in simulated worlds) authenticated users may read paths that are not resources.
/// </summary>
internal sealed class ClusterAuthorizer(ApiServerOptions options, IRevisionedStore store, KindRegistry kinds, CacheHub caches) : IAuthorizer
{
    private readonly NodeAuthorizer _nodes = new(store, kinds, caches);

    /// <summary>The roles.</summary>
    public RbacAuthorizer Rbac { get; } = new(caches);

    public async ValueTask<bool> IsAllowedAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        var user = request.User;
        if (user.Groups.Contains(UserInfo.MastersGroup))
        {
            return true;
        }
        if (
            !options.KeepDefaultRoles
            && !info.IsResource
            && info.Verb is "get" or "head"
            && info.Path != "/metrics"
            && user.Groups.Contains(UserInfo.AuthenticatedGroup)
        )
        {
            return true;
        }
        return await _nodes.IsAllowedAsync(info, request, cancellationToken) || await Rbac.IsAllowedAsync(info, user, cancellationToken);
    }
}
