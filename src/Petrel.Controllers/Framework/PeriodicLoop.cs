using Microsoft.Extensions.Logging;
using Petrel.Client;

namespace Petrel.Controllers.Framework;

/// <summary>
/// The loop of a controller that no change wakes: it syncs everything from time to time. A failed sync is tried again at the next time, and
/// ends neither the loop nor the other controllers.
/// </summary>
internal sealed partial class PeriodicLoop(ControllerContext context, string name, TimeSpan period, Func<CancellationToken, ValueTask> sync)
{
    /// <summary>The controller's logger.</summary>
    public ILogger Logger { get; } = context.Logs.CreateLogger(name);

    /// <summary>Waits for the first lists of the caches, then syncs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await context.Caches.WaitAsync(cancellationToken);
        while (true)
        {
            try
            {
                await sync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogRetry(Logger, name, e.Message);
            }
            await Task.Delay(period, context.Time, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 6010, Level = LogLevel.Warning, Message = "{Controller}: the sync failed and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string controller, string reason);
}
