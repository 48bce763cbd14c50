using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// What trials for pods of one signature found out, by the nodes' slots. A result holds as long as the node and the pods on it are the very
/// same, nobody waits for it, and the budgets are the same: the next pod then tries the few nodes that changed.
/// </summary>
internal sealed class TrialResults
{
    private readonly Dictionary<int, (long Generation, PodInfo[] Pods, Candidate? Candidate, Verdict Why)> _bySlot = [];
    private IReadOnlyList<object> _budgets = [];

    /// <summary>Forgets everything when the budgets are other ones than before.</summary>
    public void Under(IReadOnlyList<object> budgets)
    {
        if (!budgets.SequenceEqual(_budgets, ReferenceEqualityComparer.Instance))
        {
            _bySlot.Clear();
            _budgets = budgets;
        }
    }

    public bool TryGet(ClusterState cluster, int node, out Candidate? candidate, out Verdict why)
    {
        var isKnown =
            _bySlot.TryGetValue(node, out var known)
            && known.Generation == cluster.Generations[node]
            && AreSame(known.Pods, cluster.At(node).Pods);
        (candidate, why) = (known.Candidate, known.Why);
        return isKnown;
    }

    public void Set(ClusterState cluster, int node, Candidate? candidate, Verdict why) =>
        _bySlot[node] = (cluster.Generations[node], [.. cluster.At(node).Pods], candidate, why);

    // Also their newest versions: a pod that has begun to run meanwhile is another victim.
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
