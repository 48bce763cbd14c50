using Petrel.Model;

namespace Petrel.Store.Versions;

/// <summary>
/// The changes of every revision that is not compacted, in a ring buffer that grows and shrinks. Not safe for concurrent use.
/// </summary>
internal sealed class ChangeHistory
{
    private const int Smallest = 64;

    private StoreChange[][] _ring = new StoreChange[Smallest][];
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
            Resize(_ring.Length * 2);
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
        if (_ring.Length > Smallest && _count < _ring.Length / 4)
        {
            Resize(_ring.Length / 2);
        }
        return oldest;
    }

    private void Resize(int length)
    {
        var resized = new StoreChange[length][];
        for (var i = 0; i < _count; i++)
        {
            resized[i] = _ring[(_start + i) & (_ring.Length - 1)];
        }
        (_ring, _start) = (resized, 0);
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
