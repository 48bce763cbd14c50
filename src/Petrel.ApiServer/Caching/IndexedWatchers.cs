using Petrel.Model.Documents;

namespace Petrel.ApiServer.Caching;

/// <summary>A field and the value that some watchers want it to have: the node of pods, the name of one object.</summary>
internal readonly record struct WatchIndexKey(string Field, string Value);

/// <summary>The events that concern one value of a field, and those who watch it.</summary>
internal sealed class IndexedEvents(WatchIndexKey key, int capacity, long floor)
{
    public WatchIndexKey Key { get; } = key;
    public EventWindow Events { get; } = new(capacity, floor, first: 4);
    public List<WatchSignal> Watchers { get; } = [];

    /// <summary>It has events that its watchers have not been woken for.</summary>
    public bool HasNews { get; set; }
}

/// <summary>
/// Sorts the events of a kind by what watchers ask for, so that each event reaches those whom it concerns without being held against
/// everybody's selector: with a thousand agents that watch the pods of their node, one of them is woken, not all. Used under its cache's
/// lock.
/// </summary>
internal sealed class IndexedWatchers(int capacity)
{
    private readonly Dictionary<WatchIndexKey, IndexedEvents> _lanes = [];
    private readonly SortedDictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly List<IndexedEvents> _news = [];
    private volatile string[] _fields = [];

    /// <summary>The fields that anybody watches for a value. May be read without the lock.</summary>
    public string[] Fields => _fields;

    public IndexedEvents Join(WatchIndexKey key, WatchSignal signal, long floor)
    {
        if (!_lanes.TryGetValue(key, out var lane))
        {
            _lanes[key] = lane = new(key, capacity, floor);
            _uses[key.Field] = _uses.GetValueOrDefault(key.Field) + 1;
            _fields = [.. _uses.Keys];
        }
        lane.Watchers.Add(signal);
        return lane;
    }

    public void Leave(IndexedEvents lane, WatchSignal signal)
    {
        lane.Watchers.Remove(signal);
        if (lane.Watchers.Count > 0 || !_lanes.Remove(lane.Key))
        {
            return;
        }
        if (--_uses[lane.Key.Field] == 0)
        {
            _uses.Remove(lane.Key.Field);
        }
        _fields = [.. _uses.Keys];
    }

    /// <summary>
    /// Adds an event to the lanes of what its object was and is. <paramref name="floor"/> is the newest revision that need not be kept.
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

    /// <summary>Wakes the watchers of the lanes with news.</summary>
    public void Wake()
    {
        foreach (var lane in _news)
        {
            lane.HasNews = false;
            lane.Watchers.ForEach(static watcher => watcher.Wake());
        }
        _news.Clear();
    }

    /// <summary>Wakes everybody.</summary>
    public void WakeAll()
    {
        foreach (var lane in _lanes.Values)
        {
            lane.Watchers.ForEach(static watcher => watcher.Wake());
        }
    }

    private void AddTo(WatchIndexKey key, CacheEvent change, long floor)
    {
        if (!_lanes.TryGetValue(key, out var lane))
        {
            return;
        }
        lane.Events.ForgetUpTo(floor);
        lane.Events.Add(change);
        if (!lane.HasNews)
        {
            lane.HasNews = true;
            _news.Add(lane);
        }
    }
}

/// <summary>How far one watcher has read.</summary>
internal sealed class WatchCursor(WatchSignal signal, long place, IndexedEvents? lane, long laneFrom)
{
    public WatchSignal Signal { get; } = signal;

    /// <summary>The lane that the watcher reads; null when it reads every event of the kind.</summary>
    public IndexedEvents? Lane { get; } = lane;

    /// <summary>The place in the kind's window up to which the lane knows nothing.</summary>
    public long IndexedFrom { get; } = laneFrom;

    /// <summary>The place of the next event to read: in the kind's window, or in the lane once <see cref="ReadsIndex"/>.</summary>
    public long Place { get; set; } = place;

    public bool ReadsIndex { get; set; }

    /// <summary>The place in the lane of the first event that came after the watcher.</summary>
    public long IndexPlace { get; init; }
}
