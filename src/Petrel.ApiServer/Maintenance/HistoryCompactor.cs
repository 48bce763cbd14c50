using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Caching;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Maintenance;

/// <summary>
/// Compacts the store's history in small steps: revisions older than five minutes (as upstream), or earlier once there are many,
/// because history is kept in memory. Watches read the caches' windows instead; paginated lists need the history while they last.
/// </summary>
internal sealed partial class HistoryCompactor(
    ApiServerOptions options,
    IRevisionedStore store,
    CacheHub caches,
    TimeProvider time,
    ILogger log
)
{
    private const int StepsPerInterval = 10;

    // The store's revision at each step, the oldest first.
    private readonly Queue<(DateTimeOffset At, long Revision)> _steps = new();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await Task.Delay(options.CompactionInterval / StepsPerInterval, time, cancellationToken);
            var now = time.GetUtcNow();
            var current = store.CurrentRevision;
            _steps.Enqueue((now, current));
            var forgotten = 0L;
            while (_steps.TryPeek(out var oldest) && MayForget(oldest, now, current))
            {
                forgotten = oldest.Revision;
                _steps.Dequeue();
            }
            // Keep revisions that the caches have not read yet.
            if (forgotten > store.CompactedRevision && forgotten <= caches.Revision)
            {
                try
                {
                    await store.CompactAsync(forgotten, cancellationToken);
                }
                catch (IOException e)
                {
                    // The disk failed. The next step compacts what is left.
                    LogFailed(log, e.Message);
                }
            }
        }
    }

    [LoggerMessage(EventId = 2043, Level = LogLevel.Warning, Message = "The history could not be compacted yet: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);

    private bool MayForget((DateTimeOffset At, long Revision) step, DateTimeOffset now, long current) =>
        now - step.At >= options.CompactionInterval
        || (current - step.Revision > options.HistoryLimit && now - step.At >= options.CompactionInterval / StepsPerInterval);
}
