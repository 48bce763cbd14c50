using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>A node that a filter refused.</summary>
internal readonly record struct Refusal(int Node, IFilterPlugin Plugin, Verdict Verdict);

/// <summary>Why a pod fits nowhere, node by node (upstream: Diagnosis and FitError).</summary>
internal sealed class Diagnosis
{
    /// <summary>Nodes that were looked at, in that order; valid until the next pod is scheduled.</summary>
    public List<Refusal> Refusals { get; } = [];

    /// <summary>All nodes of the cluster.</summary>
    public int AllNodes { get; set; }

    /// <summary>Why nodes that were not looked at can't take the pod, when there are such; no pod's leaving changes it.</summary>
    public Verdict? AbsentNodes { get; set; }

    /// <summary>What refused the pod before any node was looked at.</summary>
    public Verdict? RefusedEverywhere { get; set; }

    /// <summary>The plugins that had a part in it.</summary>
    public HashSet<IPlugin> Plugins { get; } = [];

    public void Clear()
    {
        Refusals.Clear();
        Plugins.Clear();
        (AllNodes, AbsentNodes, RefusedEverywhere) = (0, null, null);
    }

    /// <summary>
    /// Upstream's sentence: "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu." Each reason with its
    /// count, sorted as text. A node that is short of several things counts for each.
    /// </summary>
    public string Message(string? addition = null)
    {
        if (AllNodes == 0)
        {
            return "no nodes available to schedule pods";
        }
        var reasons = RefusedEverywhere is { } verdict ? string.Join(", ", verdict.Reasons) : string.Join(", ", CountedReasons());
        return $"0/{AllNodes} nodes are available:{(reasons.Length > 0 ? $" {reasons}." : "")}{(addition is { Length: > 0 } ? $" {addition}" : "")}";
    }

    private IEnumerable<string> CountedReasons()
    {
        // Filters hand out the same few verdicts for many nodes.
        var verdicts = new Dictionary<Verdict, int>(ReferenceEqualityComparer.Instance);
        foreach (var refusal in Refusals)
        {
            verdicts[refusal.Verdict] = verdicts.GetValueOrDefault(refusal.Verdict) + 1;
        }
        if (AbsentNodes is not null && Refusals.Count < AllNodes)
        {
            verdicts[AbsentNodes] = AllNodes - Refusals.Count;
        }
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (verdict, nodes) in verdicts)
        {
            foreach (var reason in verdict.Reasons)
            {
                reasons[reason] = reasons.GetValueOrDefault(reason) + nodes;
            }
        }
        return reasons.Select(r => $"{r.Value} {r.Key}").Order(StringComparer.Ordinal);
    }
}
