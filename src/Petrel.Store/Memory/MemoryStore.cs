using Petrel.Store.Versions;

namespace Petrel.Store.Memory;

/// <summary>
/// A store in memory only, for simulation and tests. A commit is applied within the call, so that the simulation stays on the caller's
/// thread. It is as safe for concurrent use as the other stores. It keeps all versions until they are compacted.
/// </summary>
public sealed class MemoryStore : IRevisionedStore
{
    private readonly VersionedState _state = new();
    private readonly CommitGroup _group;
    private volatile bool _disposed;

    public MemoryStore() => _group = new CommitGroup(_state);

    /// <inheritdoc/>
    public long CurrentRevision => _state.Current;

    /// <inheritdoc/>
    public long CompactedRevision => _state.Compacted;

    /// <inheritdoc/>
    public StoreHealth Health => StoreHealth.Good;

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        CommitGroup.Validate(operations);
        cancellationToken.ThrowIfCancellationRequested();
        using (_state.Enter())
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _group.Begin();
            var result = _group.Add(operations);
            if (result.Succeeded)
            {
                _state.Apply(_group.Commits);
            }

            return ValueTask.FromResult(result);
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_state.Get(key));
    }

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(
        string prefix,
        long atRevision,
        string? afterKey,
        int limit,
        CancellationToken cancellationToken
    )
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return ValueTask.FromResult(_state.Range(prefix, atRevision, afterKey, limit, cancellationToken));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        _state.WatchAsync(prefix, afterRevision, cancellationToken);

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        _state.Compact(revision, dropped: null);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _state.Close();
        return ValueTask.CompletedTask;
    }
}
