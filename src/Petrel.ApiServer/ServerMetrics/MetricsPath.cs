using System.Text;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Protection;
using Petrel.Model.Api;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>GET of <c>/metrics</c>: the server's own metrics in the Prometheus text format.</summary>
internal sealed class MetricsPath(RequestMetrics metrics, RequestLimits limits, BrokenObjects broken) : IPathHandler
{
    /// <inheritdoc/>
    public IEnumerable<string> Paths => ["/metrics"];

    /// <inheritdoc/>
    public ApiResponse? Answer(ApiRequest request) =>
        request is { Method: "GET", Path: "/metrics" }
            ? new ApiResponse
            {
                StatusCode = 200,
                ContentType = "text/plain; version=0.0.4; charset=utf-8",
                Body = Encoding.UTF8.GetBytes(
                    metrics.Text() + ProcessMetrics.Text(limits.Queues.Sum(static q => q.Queue.Waiting)) + broken.Metrics()
                ),
            }
            : null;
}
