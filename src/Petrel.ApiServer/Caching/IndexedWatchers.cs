using Petrel.Model.Documents;

namespace Petrel.ApiServer.Caching;

/// <summary>A field and the value that a watcher selects: the node of pods, the name of one object.</summary>
internal readonly record struct WatchIndexKey(string Field, string Value);

/// <summary>The events of the objects that have one value of a field, and the watchers that select it.</summary>
internal sealed class IndexedEvents(WatchIndexKey key, int capacity, long floor)
{
    public WatchIndexKey Key { get; } = key;
    public EventWindow Events { get; } = new(capacity, floor, first: 4);
    public List<WatchSignal> Watchers { get; } = [];

    /// <summary>Whether there are events that its watchers have not been woken for.</summary>
    public bool HasNewEvents { get; set; }
}

/// <summary>
/// Indexes the events of a kind by the field values that watchers select (upstream: the indexed watchers of the watch cache). Of a
/// thousand agents that watch the pods of their node, an event wakes one, and is matched against no other selector. Used under the lock
/// of its cache.
/// </summary>
internal sealed class IndexedWatchers(int capacity)
{
    private readonly Dictionary<WatchIndexKey, IndexedEvents> _entries = [];
    private readonly SortedDictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly List<IndexedEvents> _changed = [];
    private volatile string[] _fields = [];

    /// <summary>The fields that some watcher selects. May be read without the lock.</summary>
    public string[] Fields => _fields;

    public IndexedEvents Join(WatchIndexKey key, WatchSignal signal, long floor)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            _entries[key] = entry = new(key, capacity, floor);
            _uses[key.Field] = _uses.GetValueOrDefault(key.Field) + 1;
            _fields = [.. _uses.Keys];
        }
        entry.Watchers.Add(signal);
        return entry;
    }

    public void Leave(IndexedEvents entry, WatchSignal signal)
    {
        entry.Watchers.Remove(signal);
        if (entry.Watchers.Count > 0 || !_entries.Remove(entry.Key))
        {
            return;
        }
        if (--_uses[entry.Key.Field] == 0)
        {
            _uses.Remove(entry.Key.Field);
        }
        _fields = [.. _uses.Keys];
    }

    /// <summary>
    /// Adds an event to the entries of its object's values, old and new. <paramref name="floor"/> is the newest revision that need not be
    /// kept.
    /// </summary>
    public void Add(CacheEvent change, long floor)
    {
        foreach (var field in _fields)
        {
            var now = change.Object?.Field(field);
            var before = change.Previous?.Field(field);
            if (now is not null)
            {
                AddTo(new(field, now), change, floor);
            }
            if (before is not null && before != now)
            {
                AddTo(new(field, before), change, floor);
            }
        }
    }

    /// <summary>Wakes the watchers whose entries have new events.</summary>
    public void Wake()
    {
        foreach (var entry in _changed)
        {
            entry.HasNewEvents = false;
            entry.Watchers.ForEach(static watcher => watcher.Wake());
        }
        _changed.Clear();
    }

    /// <summary>Wakes all watchers.</summary>
    public void WakeAll()
    {
        foreach (var entry in _entries.Values)
        {
            entry.Watchers.ForEach(static watcher => watcher.Wake());
        }
    }

    private void AddTo(WatchIndexKey key, CacheEvent change, long floor)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            return;
        }
        entry.Events.ForgetUpTo(floor);
        entry.Events.Add(change);
        if (!entry.HasNewEvents)
        {
            entry.HasNewEvents = true;
            _changed.Add(entry);
        }
    }
}
