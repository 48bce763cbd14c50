using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Filters;
using Petrel.Scheduler.Queue;
using Petrel.Scheduler.Scores;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// Finds the best node for a pod: the nodes that pass every filter, in upstream's order of plugins, then the highest sum of
/// weighted scores; among equals the seed decides.
/// </summary>
internal sealed class SchedulingCycle(IEntropy entropy, int percentageOfNodesToScore = 0)
{
    private const int FewestToFind = 100;
    private const int LeastPercentage = 5;

    private readonly List<string> _reasons = [];
    private int _start;

    public static IReadOnlyList<IFilterPlugin> Filters { get; } =
    [
        new NodeUnschedulableFilter(),
        new TaintTolerationFilter(),
        new NodeAffinityFilter(),
        new NodePortsFilter(),
        new NodeResourcesFitFilter(),
        new PodTopologySpreadFilter(),
        new InterPodAffinityFilter(),
    ];

    public static IReadOnlyList<IScorePlugin> Scores { get; } =
    [
        new TaintTolerationScore(),
        new NodeAffinityScore(),
        new LeastAllocatedScore(),
        new PodTopologySpreadScore(),
        new InterPodAffinityScore(),
        new BalancedAllocationScore(),
        new ImageLocalityScore(),
    ];

    public Placement Schedule(PodInfo pod, ClusterState cluster)
    {
        if (cluster.Nodes.Count == 0)
        {
            return new(null, "no nodes available to schedule pods", ClusterEvents.NodeAdded);
        }
        var diagnosis = new Diagnosis();
        var retryOn = ClusterEvents.None;
        var feasible = FindFeasible(pod, cluster, diagnosis, ref retryOn);
        return feasible.Count switch
        {
            0 => new(null, diagnosis.Message(cluster.Nodes.Count), retryOn),
            1 => new(feasible[0].Name),
            _ => new(Best(pod, cluster, feasible).Name),
        };
    }

    private List<NodeInfo> FindFeasible(PodInfo pod, ClusterState cluster, Diagnosis diagnosis, ref ClusterEvents retryOn)
    {
        var candidates = Candidates(pod, cluster, diagnosis, ref retryOn);
        var filters = Filters.Select(plugin => (Plugin: plugin, Filter: plugin.For(pod, cluster))).Where(f => f.Filter is not null).ToArray();
        var enough = EnoughOf(candidates.Count);
        var feasible = new List<NodeInfo>();
        var visited = 0;
        // Each cycle begins where the last one ended, so that every node gets its turn when not all are looked at.
        for (; visited < candidates.Count && feasible.Count < enough; visited++)
        {
            var node = candidates[(_start + visited) % candidates.Count];
            var passes = true;
            foreach (var (plugin, filter) in filters)
            {
                if (!filter!.Passes(node, _reasons))
                {
                    passes = false;
                    retryOn |= plugin.RetryOn;
                    _reasons.ForEach(reason => diagnosis.Add(reason));
                    _reasons.Clear();
                    break;
                }
            }
            if (passes)
            {
                feasible.Add(node);
            }
        }
        _start = candidates.Count == 0 ? 0 : (_start + visited) % candidates.Count;
        return feasible;
    }

    // A pod that names its nodes (a daemon's) isn't tried on all the others.
    private static IReadOnlyList<NodeInfo> Candidates(PodInfo pod, ClusterState cluster, Diagnosis diagnosis, ref ClusterEvents retryOn)
    {
        if (pod.RequiredNodes.Names is not { } names)
        {
            return cluster.Nodes;
        }
        var named = names.Select(cluster.Node).OfType<NodeInfo>().OrderBy(n => n.Name, StringComparer.Ordinal).ToArray();
        if (named.Length < cluster.Nodes.Count)
        {
            diagnosis.Add("node(s) didn't satisfy plugin(s) [NodeAffinity]", cluster.Nodes.Count - named.Length);
            retryOn |= ClusterEvents.NodeAdded;
        }
        return named;
    }

    private int EnoughOf(int nodes)
    {
        if (nodes < FewestToFind || percentageOfNodesToScore >= 100)
        {
            return nodes;
        }
        var percentage = percentageOfNodesToScore > 0 ? percentageOfNodesToScore : Math.Max(LeastPercentage, 50 - nodes / 125);
        return Math.Max(FewestToFind, (int)((long)nodes * percentage / 100));
    }

    private NodeInfo Best(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible)
    {
        var totals = new long[feasible.Count];
        var scores = new long[feasible.Count];
        foreach (var plugin in Scores)
        {
            if (plugin.TryScore(pod, cluster, feasible, scores))
            {
                for (var i = 0; i < totals.Length; i++)
                {
                    totals[i] += plugin.Weight * scores[i];
                }
            }
        }
        // Each of the equally best gets the same chance, in one pass.
        var (best, equals) = (0, 1);
        for (var i = 1; i < totals.Length; i++)
        {
            if (totals[i] > totals[best])
            {
                (best, equals) = (i, 1);
            }
            else if (totals[i] == totals[best] && entropy.Next(++equals) == 0)
            {
                best = i;
            }
        }
        return feasible[best];
    }
}
