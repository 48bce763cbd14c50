using Petrel.Model;

namespace Petrel.Store.Versions;

/// <summary>The changes of every revision that is not compacted, in a growing ring buffer. Not safe for concurrent use.</summary>
internal sealed class ChangeHistory
{
    private StoreChange[][] _ring = new StoreChange[64][];
    private int _start;
    private int _count;

    /// <summary>The newest compacted revision.</summary>
    public long Compacted { get; private set; }

    /// <summary>The newest revision.</summary>
    public long Current => Compacted + _count;

    /// <summary>Clears the history. The next revision follows the given one.</summary>
    public void StartAfter(long revision)
    {
        Array.Clear(_ring);
        (_start, _count, Compacted) = (0, 0, revision);
    }

    /// <summary>The changes of a revision after <see cref="Compacted"/> and up to <see cref="Current"/>.</summary>
    public StoreChange[] Of(long revision) => _ring[Slot(revision)];

    /// <summary>Adds the next revision's changes.</summary>
    public void Add(StoreChange[] changes)
    {
        Invariant.Check(
            changes.Length > 0 && changes[0].Revision == Current + 1 && changes[^1].Revision == Current + 1,
            $"the changes of revision {changes.FirstOrDefault()?.Revision} follow revision {Current}"
        );
        if (_count == _ring.Length)
        {
            var larger = new StoreChange[_ring.Length * 2][];
            for (var i = 0; i < _count; i++)
            {
                larger[i] = _ring[(_start + i) & (_ring.Length - 1)];
            }

            (_ring, _start) = (larger, 0);
        }
        _ring[(_start + _count++) & (_ring.Length - 1)] = changes;
    }

    /// <summary>Removes the oldest revision and returns its changes.</summary>
    public StoreChange[] RemoveOldest()
    {
        var oldest = _ring[_start];
        _ring[_start] = null!;
        _start = (_start + 1) & (_ring.Length - 1);
        _count--;
        Compacted++;
        return oldest;
    }

    private int Slot(long revision)
    {
        Invariant.Check(
            revision > Compacted && revision <= Current,
            $"revision {revision} is in the history of {Compacted + 1} to {Current}"
        );
        return (int)((_start + (revision - Compacted - 1)) & (_ring.Length - 1));
    }
}
