using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The embedded store: one SQLite file, durable when acknowledged. Reads and watches are answered from memory, where all versions
/// since the compacted revision are kept; they never wait for the disk. One process at a time may have it open.
/// </summary>
public sealed class SqliteStore : IRevisionedStore
{
    private const int RowsPerDeletion = 1000;

    private readonly VersionedState _state;
    private readonly GroupCommitter _committer;

    private SqliteStore(VersionedState state, GroupCommitter committer)
    {
        _state = state;
        _committer = committer;
    }

    /// <summary>Opens the file, or creates it with mode 0600, and reads it into memory. Blocks on the disk: call it at start.</summary>
    /// <exception cref="StoreFileException">The file is in use, damaged, not a store, or of a newer format.</exception>
    public static SqliteStore Open(string path)
    {
        var log = new SqliteLog(path);
        try
        {
            var state = new VersionedState();
            log.Load(state);
            log.DeleteLeftovers();
            return new SqliteStore(state, new GroupCommitter(log, state));
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long CurrentRevision => _state.Current;

    /// <inheritdoc/>
    public long CompactedRevision => _state.Compacted;

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        CommitGroup.Validate(operations);
        cancellationToken.ThrowIfCancellationRequested();
        return _committer.CommitAsync(operations, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_committer.Stopping, this);
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
        ObjectDisposedException.ThrowIf(_committer.Stopping, this);
        return ValueTask.FromResult(_state.Range(prefix, atRevision, afterKey, limit, cancellationToken));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        _state.WatchAsync(prefix, afterRevision, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_committer.Stopping, this);
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, _state.Current);
        if (revision <= _state.Compacted)
        {
            return;
        }

        // The decision is durable before anything is forgotten. When it stops midway, opening the store deletes the remaining rows.
        await _committer.WriteAsync(log => log.SetCompacted(revision));
        var dropped = new List<RowId>();
        _state.Compact(revision, dropped);
        dropped.Sort(static (left, right) => left.Value.CompareTo(right.Value));
        for (var start = 0; start < dropped.Count; start += RowsPerDeletion)
        {
            // In slices, each in the transaction of whichever commits are waiting: none waits for all of them.
            var slice = dropped.GetRange(start, Math.Min(RowsPerDeletion, dropped.Count - start));
            await _committer.WriteAsync(log => slice.ForEach(log.Delete));
        }
    }

    /// <summary>Commits what is waiting, ends the watches, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _committer.StopAsync();
        _state.Close();
    }
}
