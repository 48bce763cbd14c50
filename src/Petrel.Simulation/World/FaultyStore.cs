using Petrel.Store;

namespace Petrel.Simulation.World;

/// <summary>
/// A store on a disk that may be slow, fail, or lose its answers, as <see cref="DiskFaults"/> says. Reads are served from memory and are
/// not affected.
/// </summary>
/// <param name="inner">The store underneath.</param>
/// <param name="disk">What is wrong.</param>
/// <param name="time">The server's clock.</param>
public sealed class FaultyStore(IRevisionedStore inner, DiskFaults disk, TimeProvider time) : IRevisionedStore
{
    /// <inheritdoc/>
    public long CurrentRevision => inner.CurrentRevision;

    /// <inheritdoc/>
    public long CompactedRevision => inner.CompactedRevision;

    /// <inheritdoc/>
    public StoreHealth Health => inner.Health;

    /// <inheritdoc/>
    public async ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        if (disk.Delay is { Ticks: > 0 } delay)
        {
            // A commit is visible only when it is durable.
            await Task.Delay(delay, time, cancellationToken);
        }
        if (disk.Fails())
        {
            throw new IOException("the disk failed to write");
        }
        var result = await inner.CommitAsync(operations, cancellationToken);
        if (!result.Succeeded)
        {
            return result;
        }
        disk.Committed();
        return disk.LosesAnswer() ? throw new IOException("the disk failed to confirm a write") : result;
    }

    /// <inheritdoc/>
    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(
        string prefix,
        long atRevision,
        string? afterKey,
        int limit,
        CancellationToken cancellationToken
    ) => inner.RangeAsync(prefix, atRevision, afterKey, limit, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        inner.WatchAsync(prefix, afterRevision, cancellationToken);

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
