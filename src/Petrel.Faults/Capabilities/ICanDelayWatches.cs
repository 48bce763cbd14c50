namespace Petrel.Faults.Capabilities;

/// <summary>A cluster in which watch events can be held back while requests pass.</summary>
public interface ICanDelayWatches
{
    /// <summary>Holds back the watch events of a process: its caches are stale, and its requests pass.</summary>
    ValueTask<IAsyncDisposable?> DelayWatchesAsync(string process, CancellationToken cancellationToken);
}
