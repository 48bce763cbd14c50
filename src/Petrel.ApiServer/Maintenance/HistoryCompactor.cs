using Petrel.ApiServer.Caching;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Maintenance;

/// <summary>
/// Compacts the store's history in small steps: revisions older than five minutes (as upstream), or earlier once there are many,
/// because history is kept in memory. Watches read the caches' windows instead; paginated lists need the history while they last.
/// </summary>
internal sealed class HistoryCompactor(
    ApiServerOptions options,
    IRevisionedStore store,
    CacheHub caches,
    TimeProvider time,
    BackgroundRetry retry
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
                await retry.RunAsync("Compacting the history", token => store.CompactAsync(forgotten, token), cancellationToken);
            }
        }
    }

    private bool MayForget((DateTimeOffset At, long Revision) step, DateTimeOffset now, long current) =>
        now - step.At >= options.CompactionInterval
        || (current - step.Revision > options.HistoryLimit && now - step.At >= options.CompactionInterval / StepsPerInterval);
}
