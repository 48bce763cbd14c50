using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Caching;

/// <summary>
/// The watch cache of one kind: its objects as of the newest revision, and a window of its newest events. Reads never touch the
/// store; watchers read the window at their own pace (docs/api.md, "Watches").
/// </summary>
internal sealed class KindCache(KindDefinition kind, int window, CacheProgress progress, BrokenObjects broken)
{
    private readonly Lock _gate = new();
    private readonly List<WatchSignal> _watchers = [];
    private readonly IndexedWatchers _index = new(window);
    private EventWindow _events = new(window, 0);
    private Snapshot _snapshot = Snapshot.Empty;
    private bool _closed;

    public KindDefinition Kind { get; } = kind;

    /// <summary>The objects now.</summary>
    public Snapshot Current
    {
        get
        {
            lock (_gate)
            {
                return Latest();
            }
        }
    }

    /// <summary>Loads the objects as of a revision; earlier events are unknown.</summary>
    public void Load(IEnumerable<StoreEntry> entries, long revision)
    {
        var objects = Snapshot.Empty.Objects.ToBuilder();
        foreach (var entry in entries)
        {
            var path = entry.Key[Kind.StorePrefix.Length..];
            if (Read(path, entry.Value, entry.ModRevision) is { } value)
            {
                objects.Add(new(path, value));
            }
        }
        lock (_gate)
        {
            _events = new EventWindow(window, revision);
            _snapshot = new(objects.ToImmutable(), revision);
        }
    }

    /// <summary>Applies changes in order. <paramref name="upTo"/> is the revision up to which they are complete.</summary>
    public void Apply(IReadOnlyList<StoreChange> changes, long upTo)
    {
        var objects = _snapshot.Objects.ToBuilder();
        var events = new List<CacheEvent>(changes.Count);
        for (var i = 0; i < changes.Count; i++)
        {
            var change = changes[i];
            var path = change.Key[Kind.StorePrefix.Length..];
            objects.TryGetValue(new(path, null), out var before);
            // All versions of an object share one path string: it saves memory with many objects.
            path = before.Object?.Path ?? path;
            broken.Remove(change.Key);
            var value = change.Value is { } stored ? Read(path, stored, change.Revision) : null;
            if (value is null && before.Object is null)
            {
                continue;
            }
            if (before.Object is not null)
            {
                objects.Remove(before);
            }
            if (value is not null)
            {
                objects.Add(new(path, value));
            }
            events.Add(new CacheEvent(change.Revision, value, before.Object));
            foreach (var field in _index.Fields)
            {
                // Read the fields now, outside the lock; the object keeps them.
                value?.Field(field);
            }
        }
        lock (_gate)
        {
            foreach (var item in events)
            {
                _events.Add(item);
                _index.Add(item, _events.Floor);
            }
            _snapshot = new(objects.ToImmutable(), upTo);
            foreach (var watcher in _watchers)
            {
                watcher.Wake();
            }
            _index.Wake();
        }
    }

    /// <summary>The place of the first event above <paramref name="afterRevision"/>; false when some have left the window.</summary>
    public bool TryFind(long afterRevision, out long place, out long oldest)
    {
        lock (_gate)
        {
            oldest = _events.Floor;
            place = _events.PlaceAfter(afterRevision);
            return afterRevision >= _events.Floor;
        }
    }

    /// <summary>The current state, and the place of the first event after it.</summary>
    public Snapshot Find(out long place)
    {
        lock (_gate)
        {
            place = _events.End;
            return Latest();
        }
    }

    /// <summary>Wakes a watcher at every event from now on, until <see cref="EndWatch"/>.</summary>
    public void BeginWatch(WatchSignal signal)
    {
        lock (_gate)
        {
            _watchers.Add(signal);
        }
    }

    public void EndWatch(WatchSignal signal)
    {
        lock (_gate)
        {
            _watchers.Remove(signal);
        }
    }

    /// <summary>
    /// Begins to read events from <paramref name="place"/> on, until <see cref="EndWatch(WatchCursor)"/>. A watcher that selects one value
    /// of a field (<paramref name="key"/>) skips most other events. It sees all those from before it began, which are not indexed.
    /// </summary>
    public WatchCursor BeginWatch(WatchSignal signal, long place, WatchIndexKey? key)
    {
        lock (_gate)
        {
            if (key is { } wanted)
            {
                var entry = _index.Join(wanted, signal, _events.Floor);
                return new(signal, place, entry, _events.End) { IndexPlace = entry.Events.End };
            }
            _watchers.Add(signal);
            return new(signal, place, null, 0);
        }
    }

    public void EndWatch(WatchCursor cursor)
    {
        lock (_gate)
        {
            if (cursor.Index is { } entry)
            {
                _index.Leave(entry, cursor.Signal);
            }
            else
            {
                _watchers.Remove(cursor.Signal);
            }
        }
    }

    /// <summary>
    /// Copies the next events and moves the cursor; none when there are none yet. False when the watch is over: it has fallen out of the
    /// window, or the cache is closed. <paramref name="seen"/> is the revision that the watcher is complete to.
    /// </summary>
    public bool TryRead(WatchCursor cursor, Span<CacheEvent> target, out int count, out long seen)
    {
        lock (_gate)
        {
            count = 0;
            seen = 0;
            if (_closed)
            {
                return false;
            }
            var atEnd = true;
            if (!cursor.ReadsIndex)
            {
                var end = cursor.Index is null ? _events.End : cursor.IndexedFrom;
                if (cursor.Place < end && cursor.Place < _events.Start)
                {
                    return false;
                }
                atEnd = Copy(_events, cursor, end, target, ref count);
                if (atEnd && cursor.Index is not null)
                {
                    (cursor.ReadsIndex, cursor.Place) = (true, cursor.IndexPlace);
                }
            }
            if (cursor.ReadsIndex)
            {
                var events = cursor.Index!.Events;
                if (cursor.Place < events.Start)
                {
                    return false;
                }
                atEnd = Copy(events, cursor, events.End, target, ref count);
            }
            seen =
                atEnd ? Latest().Revision
                : count > 0 ? target[count - 1].Revision - 1
                : 0;
            return true;
        }
    }

    // Null for a value that can't be read, which is set aside: for watches the object is gone.
    private WireObject? Read(string path, ReadOnlyMemory<byte> stored, long revision)
    {
        if (StoredDocumentCheck.Problem(stored.Span) is not { } problem)
        {
            return new WireObject(Kind, path, stored, revision);
        }
        broken.Add(Kind, path, revision, problem);
        return null;
    }

    private static bool Copy(EventWindow events, WatchCursor cursor, long end, Span<CacheEvent> target, ref int count)
    {
        for (; count < target.Length && cursor.Place < end; cursor.Place++)
        {
            target[count++] = events[cursor.Place];
        }
        return cursor.Place >= end;
    }

    /// <summary>Ends every watch.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var watcher in _watchers)
            {
                watcher.Wake();
            }
            _index.WakeAll();
        }
    }

    // Commits to other kinds raise the revision without changing these objects.
    private Snapshot Latest() =>
        progress.Revision is var revision && revision > _snapshot.Revision ? _snapshot = _snapshot with { Revision = revision } : _snapshot;
}
