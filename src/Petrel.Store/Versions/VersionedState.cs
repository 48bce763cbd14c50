using System.Runtime.CompilerServices;

namespace Petrel.Store.Versions;

/// <summary>
/// What every implementation of the store keeps in memory: all versions of all keys and all changes since the compacted
/// revision. Reads and watches are answered from here; the implementations differ in when they apply a commit.
/// One short lock guards it; long reads and compactions take it many times.
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

    /// <summary>Holds off everyone else's reads and changes.</summary>
    public Lock.Scope Enter() => _lock.EnterScope();

    public StoreEntry? Get(string key)
    {
        lock (_lock)
        {
            return _index.Find(key)?.Newest?.Entry;
        }
    }

    /// <summary>Restores a version at or before the compacted revision, in revision order; before any commit.</summary>
    public void Restore(string key, RowId row, StoreEntry? entry) => _index.GetOrAdd(key).Add(row.Revision, row.Position, entry);

    /// <summary>Says what the restored versions are compacted to, and forgets those that nobody can read then.</summary>
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
                    _index.GetOrAdd(change.Key).Add(change.Revision, i, entry);
                }
                _history.Add(changes);
            }
            foreach (var watcher in _watchers)
            {
                watcher.Wake();
            }
        }
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

    /// <summary>Null when the revision is compacted.</summary>
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

    /// <summary>Forgets versions and history up to a revision; says which changes nobody can read any more.</summary>
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
                MoveBystanders(upTo);
                while (_history.Compacted < upTo)
                {
                    foreach (var change in _history.RemoveOldest())
                    {
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

    /// <summary>A watcher that is behind only in changes that do not concern it loses nothing when they are compacted.</summary>
    private void MoveBystanders(long upTo)
    {
        foreach (var watcher in _watchers)
        {
            while (
                watcher.Seen >= _history.Compacted && watcher.Seen < upTo && !Array.Exists(_history.Of(watcher.Seen + 1), watcher.Concerns)
            )
            {
                watcher.Seen++;
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
                if (!TryTake(watcher, out var batch, out var news))
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
                        static (promise, token) => ((TaskCompletionSource)promise!).TrySetCanceled(token),
                        news
                    )
                )
                {
                    await news!.Task;
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

    /// <summary>The next changes, or else the promise of some; false when the state is closed.</summary>
    private bool TryTake(Watcher watcher, out WatchBatch? batch, out TaskCompletionSource? news)
    {
        (batch, news) = (null, null);
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            if (watcher.Seen < _history.Compacted)
            {
                throw new CompactedException(_history.Compacted);
            }

            if (watcher.Seen >= _history.Current && watcher.Told == watcher.Seen)
            {
                news = watcher.Arm();
                return true;
            }
            var upTo = Math.Min(_history.Current, watcher.Seen + RevisionsPerLock);
            List<StoreChange>? found = null;
            while (watcher.Seen < upTo && (found is null || found.Count < ChangesPerBatch))
            {
                foreach (var change in _history.Of(++watcher.Seen))
                {
                    if (watcher.Concerns(change))
                    {
                        (found ??= []).Add(change);
                    }
                }
            }
            watcher.Told = watcher.Seen;
            batch = new WatchBatch(watcher.Seen, found is null ? [] : found);
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
