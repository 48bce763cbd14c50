using Petrel.ApiServer.Protection;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Gives each request a time limit and a concurrency slot. Long-running requests have neither.</summary>
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
        lease.Slot = await limits.EnterAsync(context.Info, context.Request.User, lease.Token);
        context.CancellationToken = lease.Token;
        return null;
    }

    /// <inheritdoc/>
    public void Leave(RequestContext context, ApiResponse? response) => context.Lease?.Dispose();
}
