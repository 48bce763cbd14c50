using Petrel.ApiServer.Caching;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Maintenance;

/// <summary>
/// Forgets the store's history older than a while (upstream: five minutes), in small steps; sooner when much happens, since history is in
/// memory. Watches are served from the caches' windows and don't need it; a list that is read in pages does, for as long as that takes.
/// </summary>
internal sealed class HistoryCompactor(ApiServerOptions options, IRevisionedStore store, CacheHub caches, TimeProvider time)
{
    private const int StepsPerInterval = 10;

    // What had been reached at each step, the oldest first.
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
            // What the caches have not taken in yet must stay.
            if (forgotten > store.CompactedRevision && forgotten <= caches.Revision)
            {
                await store.CompactAsync(forgotten, cancellationToken);
            }
        }
    }

    private bool MayForget((DateTimeOffset At, long Revision) step, DateTimeOffset now, long current) =>
        now - step.At >= options.CompactionInterval
        || (current - step.Revision > options.HistoryLimit && now - step.At >= options.CompactionInterval / StepsPerInterval);
}
