using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// The results of dry runs for pods of one signature, by the slots of nodes. A result holds while the node, its pods and the budgets are
/// the same and no pod is nominated to it. The next pod then tries only the nodes that changed.
/// </summary>
internal sealed class TrialResults
{
    private readonly Dictionary<int, (long Generation, PodInfo[] Pods, Candidate? Candidate, Status Why)> _bySlot = [];
    private IReadOnlyList<object> _budgets = [];

    /// <summary>Drops all results when the budgets have changed.</summary>
    public void UseBudgets(IReadOnlyList<object> budgets)
    {
        if (!budgets.SequenceEqual(_budgets, ReferenceEqualityComparer.Instance))
        {
            _bySlot.Clear();
            _budgets = budgets;
        }
    }

    public bool TryGet(ClusterState cluster, int node, out Candidate? candidate, out Status why)
    {
        var isKnown =
            _bySlot.TryGetValue(node, out var known)
            && known.Generation == cluster.Generations[node]
            && AreSame(known.Pods, cluster.At(node).Pods);
        (candidate, why) = (known.Candidate, known.Why);
        return isKnown;
    }

    public void Set(ClusterState cluster, int node, Candidate? candidate, Status why) =>
        _bySlot[node] = (cluster.Generations[node], [.. cluster.At(node).Pods], candidate, why);

    // Instances are compared: a pod that has started since has another importance.
    private static bool AreSame(PodInfo[] known, IReadOnlyList<PodInfo> pods)
    {
        if (known.Length != pods.Count)
        {
            return false;
        }
        for (var i = 0; i < known.Length; i++)
        {
            if (!ReferenceEquals(known[i], pods[i]))
            {
                return false;
            }
        }
        return true;
    }
}
