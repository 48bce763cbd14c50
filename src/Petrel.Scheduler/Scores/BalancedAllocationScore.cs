using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers nodes where the fractions of CPU and memory in use will be similar. It does not score pods that request neither: all of them
/// would go to one node.
/// </summary>
internal sealed class BalancedAllocationScore(BalancedAllocationArgs args) : IScorePlugin
{
    public string Name => "NodeResourcesBalancedAllocation";

    public INodeScore? For(PodInfo pod, ClusterState cluster)
    {
        var resources = ScoredResource.Of(args.Resources, pod, cluster, withDefaults: false);
        return Array.TrueForAll(resources, r => r.Added == 0) ? null : new NodeScore(resources);
    }

    private sealed class NodeScore(ScoredResource[] resources) : INodeScore
    {
        public bool Normalizes => false;

        public long Of(int node)
        {
            Span<double> fractions = stackalloc double[resources.Length];
            var count = 0;
            foreach (var resource in resources)
            {
                if (resource.Allocatable(node) is not 0 and var allocatable)
                {
                    fractions[count++] = Math.Min(1, (double)resource.Requested(node) / allocatable);
                }
            }
            return (long)((1 - Deviation(fractions[..count])) * Score.Max);
        }

        private static double Deviation(ReadOnlySpan<double> fractions)
        {
            if (fractions.Length < 2)
            {
                return 0;
            }
            if (fractions.Length == 2)
            {
                // The standard deviation of two is half of their difference.
                return Math.Abs((fractions[0] - fractions[1]) / 2);
            }
            var total = 0.0;
            foreach (var fraction in fractions)
            {
                total += fraction;
            }
            var (mean, squares) = (total / fractions.Length, 0.0);
            foreach (var fraction in fractions)
            {
                squares += (fraction - mean) * (fraction - mean);
            }
            return Math.Sqrt(squares / fractions.Length);
        }
    }
}
