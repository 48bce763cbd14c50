using Petrel.Model;

namespace Petrel.Simulation.Time;

/// <summary>
/// The timers that are set, the next one first: a heap in which each timer knows its place, so that one that is cancelled is gone at once.
/// Requests set and cancel timeouts by the thousand.
/// </summary>
internal sealed class DeadlineHeap
{
    // Four children per entry: fewer levels than a binary heap, and one cache line holds what is compared on a level.
    private const int Width = 4;

    private Entry[] _entries = new Entry[64];
    private int _count;

    /// <summary>The timer that is due next; of those due together, the one that was set first.</summary>
    public bool TryPeek(out VirtualTimer timer, out long ticks)
    {
        (timer, ticks) = (_entries[0].Timer, _entries[0].Ticks);
        return _count > 0;
    }

    /// <summary>Adds a timer that is not in the heap. <paramref name="sequence"/> must increase.</summary>
    public void Add(VirtualTimer timer, long ticks, long sequence)
    {
        Invariant.Check(timer.Place < 0, $"a timer is set once, and has place {timer.Place}");
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }
        Rise(_count++, new(timer, ticks, sequence));
    }

    /// <summary>Removes a timer, if it is in the heap.</summary>
    public void Remove(VirtualTimer timer)
    {
        if (timer.Place < 0)
        {
            return;
        }
        Invariant.Check(_entries[timer.Place].Timer == timer, $"a timer is at place {timer.Place} of {_count}");
        var (hole, last) = (timer.Place, _entries[--_count]);
        _entries[_count] = default;
        timer.Place = -1;
        if (hole == _count)
        {
            return;
        }
        if (hole > 0 && last.IsBefore(_entries[(hole - 1) / Width]))
        {
            Rise(hole, last);
        }
        else
        {
            Sink(hole, last);
        }
    }

    private void Rise(int place, in Entry entry)
    {
        while (place > 0)
        {
            var parent = (place - 1) / Width;
            if (!entry.IsBefore(_entries[parent]))
            {
                break;
            }
            Put(place, _entries[parent]);
            place = parent;
        }
        Put(place, entry);
    }

    private void Sink(int place, in Entry entry)
    {
        while (true)
        {
            var first = place * Width + 1;
            if (first >= _count)
            {
                break;
            }
            var least = first;
            for (var child = first + 1; child < Math.Min(first + Width, _count); child++)
            {
                if (_entries[child].IsBefore(_entries[least]))
                {
                    least = child;
                }
            }
            if (!_entries[least].IsBefore(entry))
            {
                break;
            }
            Put(place, _entries[least]);
            place = least;
        }
        Put(place, entry);
    }

    private void Put(int place, in Entry entry)
    {
        _entries[place] = entry;
        entry.Timer.Place = place;
    }

    private readonly record struct Entry(VirtualTimer Timer, long Ticks, long Sequence)
    {
        public bool IsBefore(in Entry other) => Ticks != other.Ticks ? Ticks < other.Ticks : Sequence < other.Sequence;
    }
}
