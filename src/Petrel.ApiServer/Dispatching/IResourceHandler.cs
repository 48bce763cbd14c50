using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Dispatching;

/// <summary>
/// Answers the requests for a kind, or for a subresource. The router has checked that the row lists the verb.
/// </summary>
internal interface IResourceHandler
{
    ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken);
}
