using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Scores nodes by what of their resources will be taken: the most left first (LeastAllocated, the default), the least left first
/// (MostAllocated), or as a function of the use says (RequestedToCapacityRatio); the weighted mean over the resources that the node has.
/// </summary>
internal sealed class NodeResourcesFitScore(NodeResourcesFitArgs args) : IScorePlugin
{
    public string Name => "NodeResourcesFit";

    public INodeScore For(PodInfo pod, ClusterState cluster)
    {
        var resources = ScoredResource.Of(args.Resources, pod, cluster, withDefaults: true);
        return args.Strategy switch
        {
            ScoringStrategy.MostAllocated => new Mean(resources, most: true),
            ScoringStrategy.RequestedToCapacityRatio => new Ratio(resources, args.Shape),
            _ => new Mean(resources, most: false),
        };
    }

    private sealed class Mean(ScoredResource[] resources, bool most) : INodeScore
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
            most ? Share(Math.Min(requested, allocatable), allocatable)
            : requested > allocatable ? 0
            : Share(allocatable - requested, allocatable);

        private static long Share(long part, long whole) =>
            part <= long.MaxValue / Score.Max ? part * Score.Max / whole : (long)((Int128)part * Score.Max / whole);
    }

    private sealed class Ratio(ScoredResource[] resources, IReadOnlyList<UtilizationPoint> shape) : INodeScore
    {
        private const int MostInShape = 10;
        private const int FullUse = 100;

        public bool Normalizes => false;

        public long Of(int node)
        {
            var (sum, weights) = (0L, 0L);
            foreach (var resource in resources)
            {
                if (resource.Allocatable(node) is not 0 and var allocatable)
                {
                    var requested = resource.Requested(node);
                    var score = At(requested > allocatable ? FullUse : (long)((Int128)requested * FullUse / allocatable));
                    if (score > 0)
                    {
                        sum += score * resource.Weight;
                        weights += resource.Weight;
                    }
                }
            }
            return weights == 0 ? 0 : (long)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero);
        }

        private long At(long use)
        {
            for (var i = 0; i < shape.Count; i++)
            {
                if (use <= shape[i].Utilization)
                {
                    if (i == 0)
                    {
                        break;
                    }
                    var (from, to) = (shape[i - 1], shape[i]);
                    return Scaled(from) + (Scaled(to) - Scaled(from)) * (use - from.Utilization) / (to.Utilization - from.Utilization);
                }
            }
            return use <= shape[0].Utilization ? Scaled(shape[0]) : Scaled(shape[^1]);
        }

        private static long Scaled(UtilizationPoint point) => point.Score * (Score.Max / MostInShape);
    }
}
