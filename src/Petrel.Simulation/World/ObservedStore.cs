using Petrel.Store;

namespace Petrel.Simulation.World;

/// <summary>Shows every commit to an observer before its writer learns of it. Everything else passes through.</summary>
public sealed class ObservedStore(IRevisionedStore inner, Action<IReadOnlyList<StoreOperation>, long> committed) : IRevisionedStore
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
        var result = await inner.CommitAsync(operations, cancellationToken);
        if (result.Succeeded)
        {
            committed(operations, result.Revision);
        }
        return result;
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

    /// <summary>The disk stays: only the server that used it ends.</summary>
    public ValueTask DisposeAsync() => default;
}
