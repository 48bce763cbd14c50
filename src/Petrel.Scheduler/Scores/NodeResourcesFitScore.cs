using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Scores nodes by the resources in use with the pod on them: the most left is best (LeastAllocated, the default), the least left is best
/// (MostAllocated), or a function of the utilization (RequestedToCapacityRatio). The score is the weighted mean over the resources that
/// the node has.
/// </summary>
internal sealed class NodeResourcesFitScore(NodeResourcesFitArgs args) : IScorePlugin
{
    public string Name => "NodeResourcesFit";

    public INodeScore For(PodInfo pod, ClusterState cluster)
    {
        var resources = ScoredResource.Of(args.Resources, pod, cluster, withDefaults: true);
        return args.Strategy switch
        {
            ScoringStrategy.MostAllocated => new Mean(resources, preferMostAllocated: true),
            ScoringStrategy.RequestedToCapacityRatio => new Ratio(resources, args.Shape),
            _ => new Mean(resources, preferMostAllocated: false),
        };
    }

    private sealed class Mean(ScoredResource[] resources, bool preferMostAllocated) : INodeScore
    {
        public bool Normalizes => false;

        public long Of(int node)
        {
            var (sum, weights) = (0L, 0L);
            foreach (var resource in resources)
            {
                if (resource.Allocatable(node) is not 0 and var allocatable)
                {
                    sum += Percent(resource.Requested(node), allocatable) * resource.Weight;
                    weights += resource.Weight;
                }
            }
            return weights == 0 ? 0 : sum / weights;
        }

        private long Percent(long requested, long allocatable) =>
            preferMostAllocated ? Share(Math.Min(requested, allocatable), allocatable)
            : requested > allocatable ? 0
            : Share(allocatable - requested, allocatable);

        private static long Share(long part, long whole) =>
            part <= long.MaxValue / Score.Max ? part * Score.Max / whole : (long)((Int128)part * Score.Max / whole);
    }

    private sealed class Ratio(ScoredResource[] resources, IReadOnlyList<UtilizationPoint> shape) : INodeScore
    {
        private const int MaxShapeScore = 10;
        private const int FullUtilization = 100;

        public bool Normalizes => false;

        public long Of(int node)
        {
            var (sum, weights) = (0L, 0L);
            foreach (var resource in resources)
            {
                if (resource.Allocatable(node) is not 0 and var allocatable)
                {
                    var requested = resource.Requested(node);
                    var score = ScoreAt(
                        requested > allocatable ? FullUtilization : (long)((Int128)requested * FullUtilization / allocatable)
                    );
                    if (score > 0)
                    {
                        sum += score * resource.Weight;
                        weights += resource.Weight;
                    }
                }
            }
            return weights == 0 ? 0 : (long)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero);
        }

        private long ScoreAt(long utilization)
        {
            for (var i = 0; i < shape.Count; i++)
            {
                if (utilization <= shape[i].Utilization)
                {
                    if (i == 0)
                    {
                        break;
                    }
                    var (from, to) = (shape[i - 1], shape[i]);
                    return Scaled(from)
                        + (Scaled(to) - Scaled(from)) * (utilization - from.Utilization) / (to.Utilization - from.Utilization);
                }
            }
            return utilization <= shape[0].Utilization ? Scaled(shape[0]) : Scaled(shape[^1]);
        }

        private static long Scaled(UtilizationPoint point) => point.Score * (Score.Max / MaxShapeScore);
    }
}
