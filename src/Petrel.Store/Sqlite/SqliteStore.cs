using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Store.Sqlite.Integrity;
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
    private readonly Lock _gate = new();

    // Rows that no read can see, whose deletion failed or was interrupted.
    private List<RowId> _undeleted = [];

    private SqliteStore(VersionedState state, GroupCommitter committer)
    {
        _state = state;
        _committer = committer;
    }

    /// <summary>Opens the file, or creates it with mode 0600, and loads it into memory. Blocks on the disk: call it at startup.</summary>
    /// <param name="path">The file. The write-ahead log and a reserve of disk space lie beside it.</param>
    /// <param name="logger">Gets what happens to the disk.</param>
    /// <exception cref="StoreFileException">The file is in use, damaged, not a store, or of a newer format.</exception>
    public static SqliteStore Open(string path, ILogger? logger = null) => Open(path, logger, faults: null);

    /// <summary>Opens a file on a disk that fails as <paramref name="faults"/> says.</summary>
    internal static SqliteStore Open(string path, ILogger? logger, Func<LogStep, int>? faults)
    {
        path = Path.GetFullPath(path);
        var log = new SqliteLog(path, faults);
        try
        {
            var state = new VersionedState();
            var leftovers = log.Load(state, ReadAnchor(path));
            var writer = new DiskWriter(path, log, state, logger ?? NullLogger.Instance, faults);
            var store = new SqliteStore(state, new GroupCommitter(writer, state));
            store.DeleteSoon(leftovers);
            return store;
        }
        catch
        {
            log.Abandon();
            throw;
        }
    }

    /// <inheritdoc/>
    public StoreHealth Health => _committer.Health;

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

        // Make the compaction durable before removing anything. If it is interrupted, the next one or the next open deletes the rest.
        await _committer.WriteAsync(log => log.SetCompacted(revision));
        var dropped = new List<RowId>();
        _state.Compact(revision, dropped);
        lock (_gate)
        {
            dropped.AddRange(_undeleted);
            _undeleted = [];
        }
        dropped.Sort(static (left, right) => left.Value.CompareTo(right.Value));
        for (var start = 0; start < dropped.Count; start += RowsPerDeletion)
        {
            // Delete in slices, each in the transaction of the commits that are waiting. No commit waits for the whole deletion.
            var slice = dropped.GetRange(start, Math.Min(RowsPerDeletion, dropped.Count - start));
            try
            {
                await _committer.WriteAsync(log => slice.ForEach(log.Delete));
            }
            catch (IOException)
            {
                lock (_gate)
                {
                    _undeleted.AddRange(dropped[start..]);
                }
                throw;
            }
        }
    }

    /// <summary>Commits waiting writes, ends the watches, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        await _committer.StopAsync();
        _state.Close();
    }

    private static AnchorState? ReadAnchor(string path)
    {
        try
        {
            return HistoryAnchor.Read(path);
        }
        catch (InvalidDataException e)
        {
            throw StoreFileException.Damaged(HistoryAnchor.PathOf(path), e.Message);
        }
    }

    private void DeleteSoon(List<RowId> rows)
    {
        for (var start = 0; start < rows.Count; start += RowsPerDeletion)
        {
            var slice = rows.GetRange(start, Math.Min(RowsPerDeletion, rows.Count - start));
            // If it fails, the next open finds them again.
            _ = _committer.WriteAsync(log => slice.ForEach(log.Delete)).ContinueWith(static t => t.Exception, TaskScheduler.Default);
        }
    }
}
