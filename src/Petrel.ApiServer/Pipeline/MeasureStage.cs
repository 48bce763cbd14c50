using Petrel.ApiServer.ServerMetrics;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Counts requests and measures how long they take. Streams have no duration.</summary>
internal sealed class MeasureStage(RequestMetrics metrics, TimeProvider time) : IRequestStage
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        context.StartedAt = time.GetTimestamp();
        return default;
    }

    /// <inheritdoc/>
    public void Leave(RequestContext context, ApiResponse? response)
    {
        if (response is not null)
        {
            var duration = time.GetElapsedTime(context.StartedAt);
            metrics.Record(context.Info, context.Request, response, duration, context.Lease?.Waited ?? TimeSpan.Zero);
        }
    }
}
