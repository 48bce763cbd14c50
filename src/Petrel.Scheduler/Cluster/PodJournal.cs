using System.Runtime.InteropServices;

namespace Petrel.Scheduler.Cluster;

/// <summary>A pod that came to a node, or left it.</summary>
internal readonly record struct PodMove(PodInfo Pod, int Node, bool Came);

/// <summary>
/// The latest moves of pods, so that what was worked out about all pods can be brought up to date by the few that moved since, when it is
/// needed again and only then.
/// </summary>
internal sealed class PodJournal
{
    private const int Kept = 8192;

    private readonly List<PodMove> _moves = [];
    private long _first;

    /// <summary>Where the next move will be.</summary>
    public long End => _first + _moves.Count;

    public void Append(PodMove move)
    {
        if (_moves.Count == Kept)
        {
            _moves.RemoveRange(0, Kept / 2);
            _first += Kept / 2;
        }
        _moves.Add(move);
    }

    /// <summary>The moves from a position on; false when they are no longer known.</summary>
    public bool TryReadFrom(long position, out ReadOnlySpan<PodMove> moves)
    {
        moves = position < _first ? default : CollectionsMarshal.AsSpan(_moves)[(int)(position - _first)..];
        return position >= _first;
    }
}
