using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// The results of filters and scores for each node, for the pods of one signature, by slot. A result holds while the node keeps the
/// generation it was computed for. Filters and scores that look at other nodes are not kept here.
/// </summary>
internal sealed class NodeResults(int slots, int rawScores)
{
    /// <summary>The generation of the node that the entry is about; 0 when there is none.</summary>
    public readonly long[] Generation = new long[slots];

    /// <summary>The index of the first filter that refused the node; -1 when none did.</summary>
    public readonly short[] RefusedBy = new short[slots];

    public readonly Status[] Statuses = new Status[slots];

    /// <summary>The weighted sum of the scores that are not normalized.</summary>
    public readonly long[] Sums = new long[slots];

    /// <summary>The raw scores of plugins that normalize over the feasible nodes.</summary>
    public readonly long[][] Raw = [.. Enumerable.Range(0, rawScores).Select(_ => new long[slots])];

    public int Slots => Generation.Length;

    public void Clear() => Array.Clear(Generation);
}
