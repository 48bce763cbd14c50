using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Maintenance;

namespace Petrel.ApiServer.Reconciliation;

/// <summary>
/// Keeps something of the server in step with the objects of a kind: reconciles at the start, after each change of one of the objects,
/// and with a growing delay after a failure. Runs never overlap; changes during a run lead to one more.
/// </summary>
/// <param name="subject">What is reconciled, for the log.</param>
/// <param name="kind">The kind whose objects are watched.</param>
internal sealed class ReconcileLoop(string subject, KindDefinition kind, CacheHub caches, BackgroundRetry retry)
{
    /// <summary>Wakes the loop; other caches may be watched with it, too.</summary>
    public WatchSignal Signal { get; } = new();

    /// <summary>Reconciles until cancelled.</summary>
    public async Task RunAsync(Func<CancellationToken, ValueTask> reconcileAsync, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var stop = cancellationToken.Register(Signal.Wake);
        var cache = caches.Of(kind);
        cache.BeginWatch(Signal);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await retry.RunAsync($"Reconciling {subject}", reconcileAsync, cancellationToken);
                await Signal.WaitAsync();
            }
        }
        finally
        {
            cache.EndWatch(Signal);
        }
    }
}
