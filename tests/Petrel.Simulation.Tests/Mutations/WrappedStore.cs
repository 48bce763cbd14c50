using System.Diagnostics.CodeAnalysis;
using Petrel.Simulation.World;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.Simulation.Tests.Mutations;

/// <summary>A disk whose store changes what is committed before it commits it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A store in memory holds nothing to release.")]
internal sealed class TamperedDisk(Func<IReadOnlyList<StoreOperation>, IReadOnlyList<StoreOperation>> change) : ISimulatedDisk
{
    private readonly MemoryStore _store = new();

    public IRevisionedStore Open() => new WrappedStore(_store, change);

    private sealed class WrappedStore(IRevisionedStore inner, Func<IReadOnlyList<StoreOperation>, IReadOnlyList<StoreOperation>> change)
        : IRevisionedStore
    {
        public long CurrentRevision => inner.CurrentRevision;

        public long CompactedRevision => inner.CompactedRevision;

        public StoreHealth Health => inner.Health;

        public ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken) =>
            inner.CommitAsync(change(operations), cancellationToken);

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

        public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) =>
            inner.CompactAsync(revision, cancellationToken);

        public ValueTask DisposeAsync() => default;
    }
}
