using System.Runtime.InteropServices;

namespace Petrel.Scheduler.Cluster;

/// <summary>A pod that came to a node or left it.</summary>
internal readonly record struct PodMove(PodInfo Pod, int Node, bool Added);

/// <summary>
/// The latest moves of pods. Counts over all pods are brought up to date by the moves since they were last used, and only when they are
/// used again.
/// </summary>
internal sealed class PodJournal
{
    private const int Capacity = 8192;

    private readonly List<PodMove> _moves = [];
    private long _first;

    /// <summary>The position of the next move.</summary>
    public long End => _first + _moves.Count;

    public void Append(PodMove move)
    {
        if (_moves.Count == Capacity)
        {
            _moves.RemoveRange(0, Capacity / 2);
            _first += Capacity / 2;
        }
        _moves.Add(move);
    }

    /// <summary>The moves from a position on. False when they are no longer kept.</summary>
    public bool TryReadFrom(long position, out ReadOnlySpan<PodMove> moves)
    {
        moves = position < _first ? default : CollectionsMarshal.AsSpan(_moves)[(int)(position - _first)..];
        return position >= _first;
    }
}
