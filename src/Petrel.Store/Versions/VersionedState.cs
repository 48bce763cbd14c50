using System.Runtime.CompilerServices;
using Petrel.Model;

namespace Petrel.Store.Versions;

/// <summary>
/// The in-memory state of every store implementation: all versions of all keys and all changes since the compacted revision. It serves
/// reads and watches. The implementations differ in when they apply a commit.
/// One lock guards the state. Long reads and compactions take it repeatedly for a short time.
/// </summary>
internal sealed class VersionedState
{
    private const int KeysPerLock = 2048;
    private const int RevisionsPerLock = 2048;
    private const int ChangesPerBatch = 1024;

    private readonly Lock _lock = new();
    private readonly KeyIndex _index = new();
    private readonly ChangeHistory _history = new();
    private readonly List<Watcher> _watchers = [];
    private bool _closed;

    public long Current
    {
        get
        {
            lock (_lock)
            {
                return _history.Current;
            }
        }
    }

    public long Compacted
    {
        get
        {
            lock (_lock)
            {
                return _history.Compacted;
            }
        }
    }

    /// <summary>Takes the lock, so that other threads can neither read nor change the state.</summary>
    public Lock.Scope Enter() => _lock.EnterScope();

    public StoreEntry? Get(string key)
    {
        lock (_lock)
        {
            return _index.Find(key)?.Newest?.Entry;
        }
    }

    /// <summary>Restores a version at or before the compacted revision. Call it in revision order and before any commit.</summary>
    public void Restore(string key, RowId row, StoreEntry? entry) => _index.GetOrAdd(key).Add(row.Revision, row.Position, entry);

    /// <summary>Sets the compacted revision of the restored versions. Returns the versions that no read can see.</summary>
    public List<RowId> StartAfter(long compacted)
    {
        var dropped = new List<RowId>();
        var gone = new List<string>();
        lock (_lock)
        {
            _history.StartAfter(compacted);
            foreach (var versions in _index.From("", exclusive: false))
            {
                versions.Compact(compacted, dropped);
                if (versions.Newest is null)
                {
                    gone.Add(versions.Key);
                }
            }
            foreach (var key in gone)
            {
                _index.Remove(key);
            }
        }
        return dropped;
    }

    /// <summary>Makes the next revisions visible, in order, and wakes the watchers.</summary>
    public void Apply(IReadOnlyList<StoreChange[]> commits)
    {
        lock (_lock)
        {
            foreach (var changes in commits)
            {
                for (var i = 0; i < changes.Length; i++)
                {
                    var change = changes[i];
                    var entry = change.Value is { } value
                        ? new StoreEntry(change.Key, value, change.CreateRevision, change.Revision)
                        : null;
                    var versions = _index.GetOrAdd(change.Key);
                    CheckFollows(change, versions.Newest);
                    versions.Add(change.Revision, i, entry);
                }
                _history.Add(changes);
            }
            foreach (var watcher in _watchers)
            {
                watcher.Wake();
            }
        }
    }

    // Checks that the change follows the newest version of the key in the index.
    private static void CheckFollows(StoreChange change, KeyVersion? newest)
    {
        Invariant.Check(
            newest is null || newest.Revision < change.Revision,
            $"revision {change.Revision} of {change.Key} follows its revision {newest?.Revision}"
        );
        Invariant.Check(
            change.CreateRevision == (newest?.Entry?.CreateRevision ?? change.Revision),
            $"{change.Key}, created in revision {newest?.Entry?.CreateRevision}, changes in revision {change.Revision} as created in "
                + $"revision {change.CreateRevision}"
        );
    }

    public RangeResult Range(string prefix, long atRevision, string? afterKey, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentOutOfRangeException.ThrowIfNegative(atRevision);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        while (true)
        {
            long revision;
            lock (_lock)
            {
                revision = atRevision == 0 ? _history.Current : atRevision;
                if (revision > _history.Current)
                {
                    throw new ArgumentOutOfRangeException(nameof(atRevision), atRevision, $"The current revision is {_history.Current}.");
                }
            }
            if (TryRange(prefix, revision, afterKey, limit, cancellationToken) is { } result)
            {
                return result;
            }

            if (atRevision != 0)
            {
                throw new CompactedException(Compacted);
            }
        }
    }

    /// <summary>Reads a range; null when the revision is compacted.</summary>
    private RangeResult? TryRange(string prefix, long revision, string? afterKey, int limit, CancellationToken cancellationToken)
    {
        var entries = new List<StoreEntry>();
        var (from, exclusive) = afterKey is not null && string.CompareOrdinal(afterKey, prefix) >= 0 ? (afterKey, true) : (prefix, false);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_lock)
            {
                if (revision < _history.Compacted)
                {
                    return null;
                }

                var visited = 0;
                foreach (var versions in _index.From(from, exclusive))
                {
                    if (!versions.Key.StartsWith(prefix, StringComparison.Ordinal))
                    {
                        break;
                    }

                    (from, exclusive) = (versions.Key, true);
                    if (versions.At(revision) is { } entry)
                    {
                        if (limit > 0 && entries.Count == limit)
                        {
                            return new RangeResult(revision, entries, More: true);
                        }

                        entries.Add(entry);
                    }
                    if (++visited == KeysPerLock)
                    {
                        break;
                    }
                }
                if (visited < KeysPerLock)
                {
                    return new RangeResult(revision, entries, More: false);
                }
            }
        }
    }

    /// <summary>
    /// Removes versions and history up to a revision. Adds the changes that no read can see any more to <paramref name="dropped"/>.
    /// </summary>
    public void Compact(long revision, ICollection<RowId>? dropped)
    {
        while (true)
        {
            lock (_lock)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThan(revision, _history.Current);
                if (revision <= _history.Compacted)
                {
                    return;
                }

                var upTo = Math.Min(revision, _history.Compacted + RevisionsPerLock);
                AdvanceIdleWatchers(upTo);
                while (_history.Compacted < upTo)
                {
                    foreach (var change in _history.RemoveOldest())
                    {
                        // The compaction of a later deletion of this key has already removed it.
                        if (_index.Find(change.Key) is not { } versions)
                        {
                            continue;
                        }
                        versions.Compact(upTo, dropped);
                        if (versions.Newest is null)
                        {
                            _index.Remove(change.Key);
                        }
                    }
                }
            }
        }
    }

    /// <summary>
    /// Advances watchers past changes to keys that they do not watch, so that the compaction of those changes does not end the watch.
    /// </summary>
    private void AdvanceIdleWatchers(long upTo)
    {
        foreach (var watcher in _watchers)
        {
            while (
                watcher.Position >= _history.Compacted
                && watcher.Position < upTo
                && !Array.Exists(_history.Of(watcher.Position + 1), watcher.Concerns)
            )
            {
                watcher.Advance();
            }
        }
    }

    public async IAsyncEnumerable<WatchBatch> WatchAsync(
        string prefix,
        long afterRevision,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var watcher = new Watcher(prefix, afterRevision);
        lock (_lock)
        {
            if (afterRevision < _history.Compacted)
            {
                throw new CompactedException(_history.Compacted);
            }

            _watchers.Add(watcher);
        }
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!TryTake(watcher, out var batch, out var signal))
                {
                    yield break;
                }

                if (batch is not null)
                {
                    yield return batch;
                    continue;
                }
                using (
                    cancellationToken.UnsafeRegister(
                        static (waiting, token) => ((TaskCompletionSource)waiting!).TrySetCanceled(token),
                        signal
                    )
                )
                {
                    await signal!.Task;
                }
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(watcher);
            }
        }
    }

    /// <summary>Takes the next changes, or a signal that completes when there are some. False when the state is closed.</summary>
    private bool TryTake(Watcher watcher, out WatchBatch? batch, out TaskCompletionSource? signal)
    {
        (batch, signal) = (null, null);
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            if (watcher.Position < _history.Compacted)
            {
                throw new CompactedException(_history.Compacted);
            }
            if (watcher.Position >= _history.Current && watcher.Reported == watcher.Position)
            {
                signal = watcher.Arm();
                return true;
            }
            var upTo = Math.Min(_history.Current, watcher.Position + RevisionsPerLock);
            List<StoreChange>? found = null;
            while (watcher.Position < upTo && (found is null || found.Count < ChangesPerBatch))
            {
                watcher.Collect(_history.Of(watcher.Advance()), ref found);
            }
            watcher.Report();
            batch = new WatchBatch(watcher.Position, found is null ? [] : found);
            return true;
        }
    }

    /// <summary>Ends every watch.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var watcher in _watchers)
            {
                watcher.Wake();
            }
        }
    }
}
