using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Required pod affinity and anti-affinity: the pod's own, and the anti-affinity of the pods that are there.</summary>
internal sealed class InterPodAffinityFilter : IFilterPlugin
{
    public string Name => "InterPodAffinity";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.PodAdded | ClusterEvents.PodDeleted | ClusterEvents.NamespaceLabels;

    public INodeFilter? For(PodInfo pod, ClusterState cluster)
    {
        var own = pod.RequiredAffinity.Length + pod.RequiredAntiAffinity.Length > 0;
        return own || cluster.AnyPodAffinity ? new Filter(pod, cluster, own) : null;
    }

    private sealed class Filter : INodeFilter
    {
        private readonly PodInfo _pod;
        private readonly bool _isFirstOfItsKind;

        // Topology (key, value) pairs that hold: pods that match all affinity terms; pods that an anti-affinity term matches;
        // pods whose anti-affinity matches this one.
        private readonly HashSet<(string, string)> _affine = [];
        private readonly HashSet<(string, string)> _averse = [];
        private readonly HashSet<(string, string)> _unwelcome = [];

        public Filter(PodInfo pod, ClusterState cluster, bool own)
        {
            _pod = pod;
            foreach (var node in cluster.Nodes)
            {
                foreach (var other in own ? node.Pods : node.PodsWithAffinity)
                {
                    if (pod.RequiredAffinity.Length > 0 && Array.TrueForAll(pod.RequiredAffinity, t => t.Selects(other, cluster)))
                    {
                        Note(_affine, pod.RequiredAffinity, node);
                    }
                    Note(_averse, pod.RequiredAntiAffinity.Where(t => t.Selects(other, cluster)), node);
                    Note(_unwelcome, other.RequiredAntiAffinity.Where(t => t.Selects(pod, cluster)), node);
                }
            }
            // The first of pods that want each other's company would wait for ever.
            _isFirstOfItsKind = _affine.Count == 0 && Array.TrueForAll(pod.RequiredAffinity, t => t.Selects(pod, cluster));
        }

        public bool Passes(NodeInfo node, List<string> reasons)
        {
            if (!SatisfiesAffinity(node))
            {
                reasons.Add("node(s) didn't match pod affinity rules");
                return false;
            }
            if (_averse.Count > 0 && Array.Exists(_pod.RequiredAntiAffinity, t => Holds(_averse, t.TopologyKey, node)))
            {
                reasons.Add("node(s) didn't match pod anti-affinity rules");
                return false;
            }
            if (_unwelcome.Count > 0 && _unwelcome.Any(pair => node.Labels.TryGetValue(pair.Item1, out var value) && value == pair.Item2))
            {
                reasons.Add("node(s) didn't satisfy existing pods anti-affinity rules");
                return false;
            }
            return true;
        }

        private bool SatisfiesAffinity(NodeInfo node)
        {
            var all = true;
            foreach (var term in _pod.RequiredAffinity)
            {
                if (!node.Labels.ContainsKey(term.TopologyKey))
                {
                    return false;
                }
                all &= Holds(_affine, term.TopologyKey, node);
            }
            return all || _isFirstOfItsKind;
        }

        private static bool Holds(HashSet<(string, string)> pairs, string key, NodeInfo node) =>
            node.Labels.TryGetValue(key, out var value) && pairs.Contains((key, value));

        private static void Note(HashSet<(string, string)> pairs, IEnumerable<PodAffinityTerm> terms, NodeInfo node)
        {
            foreach (var term in terms)
            {
                if (node.Labels.TryGetValue(term.TopologyKey, out var value))
                {
                    pairs.Add((term.TopologyKey, value));
                }
            }
        }
    }
}
