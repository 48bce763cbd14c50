using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>Prefers nodes whose CPU and memory will be used to a similar degree. Says nothing about pods that request neither.</summary>
internal sealed class BalancedAllocationScore : IScorePlugin
{
    public string Name => "NodeResourcesBalancedAllocation";

    public int Weight => 1;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        if (pod.Requests is { MilliCpu: 0, Memory: 0 })
        {
            return false;
        }
        for (var i = 0; i < nodes.Count; i++)
        {
            var (allocatable, requested) = (nodes[i].Allocatable, nodes[i].Requested);
            // The standard deviation of two fractions is half of their difference; of one it is nothing.
            var deviation = allocatable.MilliCpu > 0 && allocatable.Memory > 0
                ? Math.Abs(
                    Fraction(requested.MilliCpu + pod.Requests.MilliCpu, allocatable.MilliCpu)
                    - Fraction(requested.Memory + pod.Requests.Memory, allocatable.Memory)) / 2
                : 0;
            scores[i] = (long)((1 - deviation) * Score.Max);
        }
        return true;
    }

    private static double Fraction(long requested, long allocatable) => Math.Min(1, (double)requested / allocatable);
}
