using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Preferred pod affinity and anti-affinity: the pod's own terms, and the terms of running pods that match it. Required affinity of
/// running pods counts as a preference, with the weight of the profile.
/// </summary>
internal sealed class InterPodAffinityScore(InterPodAffinityArgs args) : IScorePlugin
{
    public string Name => "InterPodAffinity";

    public INodeScore? For(PodInfo pod, ClusterState cluster)
    {
        var own = pod.PreferredAffinity.Length + pod.PreferredAntiAffinity.Length > 0;
        return own || (cluster.AnyPodAffinity && !args.IgnorePreferredTermsOfExistingPods)
            ? new NodeScore(pod, cluster, own, args.HardPodAffinityWeight)
            : null;
    }

    private sealed class NodeScore : INodeScore, IPodObserver
    {
        private readonly PodInfo _pod;
        private readonly ClusterState _cluster;
        private readonly int _hardWeight;
        private readonly TopologyCounts _weights;

        public NodeScore(PodInfo pod, ClusterState cluster, bool own, int hardWeight)
        {
            (_pod, _cluster, _hardWeight, _weights) = (pod, cluster, hardWeight, new(cluster));
            foreach (var node in cluster.Order)
            {
                var info = cluster.At(node);
                foreach (var other in own ? info.Pods : info.PodsWithAffinity)
                {
                    Count(other, node, 1);
                }
            }
        }

        public Reach Reach => Reach.Cluster;

        public bool Normalizes => true;

        public long Of(int node) => _weights.Sum(node);

        public void Normalize(ReadOnlySpan<int> nodes, Span<long> scores)
        {
            var (lowest, highest) = (long.MaxValue, long.MinValue);
            foreach (var score in scores)
            {
                (lowest, highest) = (Math.Min(lowest, score), Math.Max(highest, score));
            }
            foreach (ref var score in scores)
            {
                score = highest > lowest ? (long)(Score.Max * ((double)(score - lowest) / (highest - lowest))) : 0;
            }
        }

        public void Add(PodInfo pod, int node) => Count(pod, node, 1);

        public void Remove(PodInfo pod, int node) => Count(pod, node, -1);

        private void Count(PodInfo other, int node, int sign)
        {
            Count(_pod.PreferredAffinity, other, node, sign, 0);
            Count(_pod.PreferredAntiAffinity, other, node, -sign, 0);
            if (other.HasPodAffinity)
            {
                Count(other.PreferredAffinity, _pod, node, sign, 0);
                Count(other.PreferredAntiAffinity, _pod, node, -sign, 0);
                if (_hardWeight > 0)
                {
                    Count(other.RequiredAffinity, _pod, node, sign, _hardWeight);
                }
            }
        }

        // The node is always that of the running pod, whichever pod has the terms.
        private void Count(PodAffinityTerm[] terms, PodInfo subject, int node, int sign, int weight)
        {
            foreach (var term in terms)
            {
                if (term.Selects(subject, _cluster))
                {
                    _weights.Add(term.TopologyKey, node, sign * (weight > 0 ? weight : term.Weight));
                }
            }
        }
    }
}
