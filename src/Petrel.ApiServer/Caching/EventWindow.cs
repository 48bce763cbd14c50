using Petrel.Model;

namespace Petrel.ApiServer.Caching;

/// <summary>
/// The newest events of a kind, each with a place that counts up for ever. Grows to its capacity, then forgets the oldest.
/// Used under its cache's lock.
/// </summary>
internal sealed class EventWindow(int capacity, long floor, int first = 64)
{
    private CacheEvent[] _ring = new CacheEvent[Math.Min(first, capacity)];

    /// <summary>The place of the oldest event that is kept.</summary>
    public long Start { get; private set; }

    /// <summary>The place of the next event to come.</summary>
    public long End { get; private set; }

    /// <summary>Events of revisions above this are kept; those at or below it may be forgotten.</summary>
    public long Floor { get; private set; } = floor;

    public CacheEvent this[long place] => _ring[place % _ring.Length];

    public void Add(CacheEvent item)
    {
        // Events of one commit have the same revision.
        Invariant.Check(
            item.Revision > Floor && (End == Start || item.Revision >= this[End - 1].Revision),
            $"an event of revision {item.Revision} comes after revision {(End == Start ? Floor : this[End - 1].Revision)}"
        );
        if (End - Start == _ring.Length)
        {
            if (_ring.Length < capacity)
            {
                Grow();
            }
            else
            {
                Floor = this[Start].Revision;
                Start++;
            }
        }
        _ring[End % _ring.Length] = item;
        End++;
    }

    /// <summary>Forgets the events up to a revision.</summary>
    public void ForgetUpTo(long revision)
    {
        for (; Start < End && this[Start].Revision <= revision; Start++)
        {
            _ring[Start % _ring.Length] = null!;
        }
        Floor = Math.Max(Floor, revision);
    }

    /// <summary>The place of the first event above a revision.</summary>
    public long PlaceAfter(long revision)
    {
        var (low, high) = (Start, End);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (this[middle].Revision <= revision)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    private void Grow()
    {
        var larger = new CacheEvent[Math.Min(capacity, _ring.Length * 4)];
        for (var place = Start; place < End; place++)
        {
            larger[place % larger.Length] = this[place];
        }
        _ring = larger;
    }
}
