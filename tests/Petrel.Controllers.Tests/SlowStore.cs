using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.Controllers.Tests;

/// <summary>A store whose reads and commits take random virtual time, so that requests interleave.</summary>
internal sealed class SlowStore(IRevisionedStore inner, TimeProvider time, IEntropy entropy, Action<IRevisionedStore> committed)
    : IRevisionedStore
{
    public long CurrentRevision => inner.CurrentRevision;

    public long CompactedRevision => inner.CompactedRevision;

    public StoreHealth Health => inner.Health;

    public async ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        await PassAsync();
        var result = await inner.CommitAsync(operations, cancellationToken);
        if (result.Succeeded)
        {
            committed(inner);
        }
        await PassAsync();
        return result;
    }

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        await PassAsync();
        return await inner.GetAsync(key, cancellationToken);
    }

    public async ValueTask<RangeResult> RangeAsync(
        string prefix,
        long atRevision,
        string? afterKey,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await PassAsync();
        return await inner.RangeAsync(prefix, atRevision, afterKey, limit, cancellationToken);
    }

    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        inner.WatchAsync(prefix, afterRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => default;

    private Task PassAsync() => Task.Delay(TimeSpan.FromMilliseconds(entropy.Next(4)), time, CancellationToken.None);
}
