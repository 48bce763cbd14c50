namespace Petrel.Scheduler.Cycle;

/// <summary>Why nodes were refused, counted by reason.</summary>
internal sealed class Diagnosis
{
    private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);

    public void Add(string reason, int nodes = 1) => _reasons[reason] = _reasons.GetValueOrDefault(reason) + nodes;

    /// <summary>
    /// Upstream's sentence: "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu." Each reason with its
    /// count, sorted as text. A node that is short of several things counts for each.
    /// </summary>
    public string Message(int allNodes)
    {
        var counted = _reasons.Select(r => $"{r.Value} {r.Key}").Order(StringComparer.Ordinal);
        return $"0/{allNodes} nodes are available: {string.Join(", ", counted)}.";
    }
}
