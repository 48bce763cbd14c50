using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>A node that a filter refused.</summary>
internal readonly record struct NodeRefusal(int Node, IFilterPlugin Plugin, Status Status);

/// <summary>Why no node is feasible for a pod, node by node (upstream: Diagnosis and FitError).</summary>
internal sealed class Diagnosis
{
    /// <summary>The examined nodes in their order. Valid until the next pod is scheduled.</summary>
    public List<NodeRefusal> Refusals { get; } = [];

    /// <summary>The number of nodes in the cluster.</summary>
    public int AllNodes { get; set; }

    /// <summary>Why nodes that were not examined cannot take the pod; null when all were examined. No pod's leaving changes it.</summary>
    public Status? AbsentNodes { get; set; }

    /// <summary>The refusal before any node was examined; null when there is none.</summary>
    public Status? RefusedEverywhere { get; set; }

    /// <summary>The plugins that refused the pod.</summary>
    public HashSet<IPlugin> Plugins { get; } = [];

    public void Clear()
    {
        Refusals.Clear();
        Plugins.Clear();
        (AllNodes, AbsentNodes, RefusedEverywhere) = (0, null, null);
    }

    /// <summary>
    /// Upstream's message: "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu." Reasons are sorted, each with its
    /// number of nodes. A node that lacks several resources counts for each.
    /// </summary>
    public string Message(string? addition = null)
    {
        if (AllNodes == 0)
        {
            return "no nodes available to schedule pods";
        }
        var reasons = RefusedEverywhere is { } status ? string.Join(", ", status.Reasons) : string.Join(", ", CountedReasons());
        return $"0/{AllNodes} nodes are available:{(reasons.Length > 0 ? $" {reasons}." : "")}"
            + (addition is { Length: > 0 } ? $" {addition}" : "");
    }

    private IEnumerable<string> CountedReasons()
    {
        // Filters return the same few instances for many nodes.
        var statuses = new Dictionary<Status, int>(ReferenceEqualityComparer.Instance);
        foreach (var refusal in Refusals)
        {
            statuses[refusal.Status] = statuses.GetValueOrDefault(refusal.Status) + 1;
        }
        if (AbsentNodes is not null && Refusals.Count < AllNodes)
        {
            statuses[AbsentNodes] = AllNodes - Refusals.Count;
        }
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (status, nodes) in statuses)
        {
            foreach (var reason in status.Reasons)
            {
                reasons[reason] = reasons.GetValueOrDefault(reason) + nodes;
            }
        }
        return reasons.Select(r => $"{r.Value} {r.Key}").Order(StringComparer.Ordinal);
    }
}
