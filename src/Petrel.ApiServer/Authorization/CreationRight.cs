using Petrel.ApiServer.Requests;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// The right to create, which an update or apply of an object that does not exist needs besides its own verb (upstream:
/// withAuthorization).
/// </summary>
internal sealed class CreationRight(ClusterAuthorizer authorizer)
{
    /// <exception cref="Errors.StatusException">The caller may not.</exception>
    public async ValueTask CheckAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var info = request.Info with { Verb = "create" };
        if (!await authorizer.IsAllowedAsync(info, request.Http, cancellationToken))
        {
            throw ForbiddenErrors.Create(info, request.Http.User, authorizer.Rbac.Problems(info, request.Http.User));
        }
    }
}
