using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Required pod affinity and anti-affinity: the pod's own, and the anti-affinity of the pods that are there.</summary>
internal sealed class InterPodAffinityFilter : IFilterPlugin, IRetryHints
{
    private static readonly Verdict NotNear = Verdict.Unresolvable("node(s) didn't match pod affinity rules");
    private static readonly Verdict TooNear = Verdict.Unschedulable("node(s) didn't match pod anti-affinity rules");
    private static readonly Verdict Unwelcome = Verdict.Unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");

    public string Name => "InterPodAffinity";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded
        | ClusterEvents.NodeLabels
        | ClusterEvents.PodAdded
        | ClusterEvents.PodDeleted
        | ClusterEvents.NamespaceLabels;

    // A pod that comes helps who wants its company; one that goes helps whom it kept away.
    public bool MayHelp(PodInfo waiting, in ClusterEvent happened)
    {
        var pod = happened.NewPod ?? happened.OldPod;
        return pod is null
            || waiting.RequiredAffinity.Length > 0
            || ((happened.OldPod is not null) && (waiting.RequiredAntiAffinity.Length > 0 || pod.RequiredAntiAffinity.Length > 0));
    }

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var own = pod.RequiredAffinity.Length + pod.RequiredAntiAffinity.Length > 0;
        return own || cluster.AnyPodAffinity ? FilterPlan.With(new Filter(pod, cluster, own)) : FilterPlan.Skip;
    }

    private sealed class Filter : INodeFilter, IFollowsPods
    {
        private readonly PodInfo _pod;
        private readonly ClusterState _cluster;
        private readonly TopologyColumn[] _wanted;
        private readonly TopologyColumn[] _shunned;
        private readonly bool _likesItself;

        // Where pods are that match all affinity terms; that match an anti-affinity term (of each its own); whose anti-affinity matches
        // this one.
        private readonly TopologyCounts _affine;
        private readonly TopologyCounts[] _averse;
        private readonly TopologyCounts _unwelcome;

        public Filter(PodInfo pod, ClusterState cluster, bool own)
        {
            (_pod, _cluster) = (pod, cluster);
            _wanted = [.. pod.RequiredAffinity.Select(t => cluster.Topology(t.TopologyKey))];
            _shunned = [.. pod.RequiredAntiAffinity.Select(t => cluster.Topology(t.TopologyKey))];
            _likesItself = Array.TrueForAll(pod.RequiredAffinity, t => t.Selects(pod, cluster));
            (_affine, _unwelcome) = (new(cluster), new(cluster));
            _averse = [.. pod.RequiredAntiAffinity.Select(_ => new TopologyCounts(cluster))];
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

        public Verdict Check(int node)
        {
            if (!SatisfiesAffinity(node))
            {
                return NotNear;
            }
            for (var i = 0; i < _shunned.Length; i++)
            {
                if (_averse[i].Has(_shunned[i], node))
                {
                    return TooNear;
                }
            }
            return _unwelcome.HasAny(node) ? Unwelcome : Verdict.Pass;
        }

        public void Add(PodInfo pod, int node) => Count(pod, node, 1);

        public void Remove(PodInfo pod, int node) => Count(pod, node, -1);

        private bool SatisfiesAffinity(int node)
        {
            var all = true;
            foreach (var column in _wanted)
            {
                if (column.Domains[node] < 0)
                {
                    return false;
                }
                all &= _affine.Has(column, node);
            }
            // The first of pods that want each other's company would wait for ever.
            return all || (_affine.Total == 0 && _likesItself);
        }

        private void Count(PodInfo other, int node, int sign)
        {
            if (_wanted.Length > 0 && SelectedByAll(other))
            {
                foreach (var term in _pod.RequiredAffinity)
                {
                    _affine.Add(term.TopologyKey, node, sign);
                }
            }
            for (var i = 0; i < _shunned.Length; i++)
            {
                if (_pod.RequiredAntiAffinity[i].Selects(other, _cluster))
                {
                    _averse[i].Add(_shunned[i].Key, node, sign);
                }
            }
            foreach (var term in other.RequiredAntiAffinity)
            {
                if (term.Selects(_pod, _cluster))
                {
                    _unwelcome.Add(term.TopologyKey, node, sign);
                }
            }
        }

        private bool SelectedByAll(PodInfo other)
        {
            foreach (var term in _pod.RequiredAffinity)
            {
                if (!term.Selects(other, _cluster))
                {
                    return false;
                }
            }
            return true;
        }
    }
}
