using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// What was found out about each node for the pods of one signature, by slot, with the node's generation at that time: as long as the node
/// has it, it holds. Of what reaches over the cluster nothing is kept here.
/// </summary>
internal sealed class NodeResults(int slots, int rawScores)
{
    /// <summary>The generation of the node that the entry is about; 0 when there is none.</summary>
    public readonly long[] Generation = new long[slots];

    /// <summary>The index of the first filter that refused the node; -1 when none did.</summary>
    public readonly short[] RefusedBy = new short[slots];

    public readonly Verdict[] Verdicts = new Verdict[slots];

    /// <summary>The weighted sum of the scores that aren't normalized.</summary>
    public readonly long[] Sums = new long[slots];

    /// <summary>The scores that are normalized over the feasible nodes, before that.</summary>
    public readonly long[][] Raw = [.. Enumerable.Range(0, rawScores).Select(_ => new long[slots])];

    public int Slots => Generation.Length;

    public void Clear() => Array.Clear(Generation);
}
