namespace Petrel.Faults.Capabilities;

/// <summary>A cluster that can delay watch events while requests pass.</summary>
public interface ICanDelayWatches
{
    /// <summary>Delays the watch events of a process. Its caches become stale while its requests pass.</summary>
    ValueTask<IAsyncDisposable?> DelayWatchesAsync(string process, CancellationToken cancellationToken);
}
