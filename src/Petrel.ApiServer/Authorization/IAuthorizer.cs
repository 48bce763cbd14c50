using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Authorization;

/// <summary>Decides whether a caller may do what a request asks for.</summary>
public interface IAuthorizer
{
    ValueTask<bool> IsAllowedAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken);
}
