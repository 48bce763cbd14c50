using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The embedded store in one SQLite file. An acknowledged commit is durable. Reads and watches are served from memory, which holds all
/// versions since the compacted revision, and never wait for the disk. Only one process at a time can open the file.
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

    /// <summary>Opens the file, or creates it with mode 0600, and loads it into memory. Blocks on the disk: call it at startup.</summary>
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

        // Make the compaction durable before removing anything. If it is interrupted, the next open deletes the remaining rows.
        await _committer.WriteAsync(log => log.SetCompacted(revision));
        var dropped = new List<RowId>();
        _state.Compact(revision, dropped);
        dropped.Sort(static (left, right) => left.Value.CompareTo(right.Value));
        for (var start = 0; start < dropped.Count; start += RowsPerDeletion)
        {
            // Delete in slices, each in the transaction of the commits that are waiting. No commit waits for the whole deletion.
            var slice = dropped.GetRange(start, Math.Min(RowsPerDeletion, dropped.Count - start));
            await _committer.WriteAsync(log => slice.ForEach(log.Delete));
        }
    }

    /// <summary>Commits waiting writes, ends the watches, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _committer.StopAsync();
        _state.Close();
    }
}
