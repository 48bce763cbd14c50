using System.Text;
using Petrel.ApiServer.Dispatching;
using Petrel.Model.Api;
using Petrel.Model.Metrics;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>GET of <c>/metrics</c>: the server's own metrics in the Prometheus text format.</summary>
internal sealed class MetricsPath(MetricRegistry registry) : IPathHandler
{
    /// <inheritdoc/>
    public ApiResponse? Answer(ApiRequest request) =>
        request is { Method: "GET", Path: "/metrics" }
            ? new ApiResponse
            {
                StatusCode = 200,
                ContentType = "text/plain; version=0.0.4; charset=utf-8",
                Body = Encoding.UTF8.GetBytes(registry.Text()),
            }
            : null;
}
