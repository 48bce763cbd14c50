using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Dispatching;

/// <summary>A resource outside the registry of kinds, for example the metrics of custom.metrics.k8s.io.</summary>
internal interface IVirtualResource
{
    /// <summary>Whether the request is for this resource.</summary>
    bool Matches(RequestInfo info);

    ValueTask<ApiResponse> HandleAsync(RequestInfo info, ApiRequest http, CancellationToken cancellationToken);
}
