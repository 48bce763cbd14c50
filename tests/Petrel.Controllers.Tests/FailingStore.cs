using Petrel.Store;

namespace Petrel.Controllers.Tests;

/// <summary>A store on a disk that may refuse to write.</summary>
internal sealed class FailingStore(IRevisionedStore inner) : IRevisionedStore
{
    /// <summary>Whether a commit fails; an empty one is a compaction.</summary>
    public Func<IReadOnlyList<StoreOperation>, bool> Fails { get; set; } = _ => false;

    /// <summary>How many writes have failed.</summary>
    public int Failures { get; private set; }

    public long CurrentRevision => inner.CurrentRevision;

    public long CompactedRevision => inner.CompactedRevision;

    public StoreHealth Health => inner.Health;

    public async ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        FailIfAsked(operations);
        return await inner.CommitAsync(operations, cancellationToken);
    }

    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

    public ValueTask<RangeResult> RangeAsync(
        string prefix,
        long atRevision,
        string? afterKey,
        int limit,
        CancellationToken cancellationToken
    ) => inner.RangeAsync(prefix, atRevision, afterKey, limit, cancellationToken);

    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        inner.WatchAsync(prefix, afterRevision, cancellationToken);

    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        FailIfAsked([]);
        await inner.CompactAsync(revision, cancellationToken);
    }

    public ValueTask DisposeAsync() => default;

    private void FailIfAsked(IReadOnlyList<StoreOperation> operations)
    {
        if (Fails(operations))
        {
            Failures++;
            throw new IOException("no space left on device");
        }
    }
}
