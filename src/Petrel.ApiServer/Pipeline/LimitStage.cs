using Petrel.ApiServer.Protection;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>
/// Gives each request a time limit and seats, until its response is sent. Long-running requests have neither; a watch takes seats by
/// itself.
/// </summary>
internal sealed class LimitStage(RequestLimits limits) : IRequestStage
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        if (limits.IsLongRunning(context.Info))
        {
            return null;
        }
        var lease = limits.Begin(context.CancellationToken);
        context.Lease = lease;
        lease.Slot = await limits.EnterAsync(context.Info, context.Request, context.BodyLength, lease.Token);
        context.CancellationToken = lease.Token;
        return null;
    }

    /// <inheritdoc/>
    public void Leave(RequestContext context, ApiResponse? response)
    {
        if (context.Lease is not { } lease)
        {
            return;
        }
        if (context.Exchange is { } exchange && response is not null)
        {
            exchange.HoldUntilSent(lease, lease.Limit);
        }
        else
        {
            lease.Dispose();
        }
    }
}
