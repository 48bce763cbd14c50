using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>Prefers nodes that will have the most CPU and memory left, in percent (upstream: NodeResourcesFit, LeastAllocated).</summary>
internal sealed class LeastAllocatedScore : IScorePlugin
{
    public string Name => "NodeResourcesFit";

    public int Weight => 1;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            var (allocatable, requested) = (nodes[i].Allocatable, nodes[i].NonZeroRequested);
            long sum = 0;
            var weights = 0;
            AddLeft(allocatable.MilliCpu, requested.MilliCpu + pod.NonZero.MilliCpu, ref sum, ref weights);
            AddLeft(allocatable.Memory, requested.Memory + pod.NonZero.Memory, ref sum, ref weights);
            scores[i] = weights == 0 ? 0 : sum / weights;
        }
        return true;
    }

    private static void AddLeft(long allocatable, long requested, ref long sum, ref int weights)
    {
        if (allocatable > 0)
        {
            sum += requested > allocatable ? 0 : (long)((Int128)(allocatable - requested) * Score.Max / allocatable);
            weights++;
        }
    }
}
