using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Filters;

/// <summary>Required pod affinity and anti-affinity: the pod's own, and the anti-affinity of the pods that run already.</summary>
internal sealed class InterPodAffinityFilter : IFilterPlugin, IQueueingHints
{
    private static readonly Status AffinityUnsatisfied = Status.Unresolvable("node(s) didn't match pod affinity rules");
    private static readonly Status AntiAffinityViolated = Status.Unschedulable("node(s) didn't match pod anti-affinity rules");
    private static readonly Status ExistingAntiAffinityViolated = Status.Unschedulable(
        "node(s) didn't satisfy existing pods anti-affinity rules"
    );

    public string Name => "InterPodAffinity";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded
        | ClusterEvents.NodeLabels
        | ClusterEvents.PodAdded
        | ClusterEvents.PodDeleted
        | ClusterEvents.NamespaceLabels;

    // A new pod can satisfy affinity terms. A pod that leaves can lift anti-affinity terms.
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

    private sealed class Filter : INodeFilter, IPodObserver
    {
        private readonly PodInfo _pod;
        private readonly ClusterState _cluster;
        private readonly TopologyColumn[] _affinityColumns;
        private readonly TopologyColumn[] _antiAffinityColumns;
        private readonly bool _selectsItself;

        // By domain: pods that match all affinity terms; pods that match an anti-affinity term, for each term; anti-affinity terms of other
        // pods that match this pod.
        private readonly TopologyCounts _affinityCounts;
        private readonly TopologyCounts[] _antiAffinityCounts;
        private readonly TopologyCounts _existingAntiAffinityCounts;

        public Filter(PodInfo pod, ClusterState cluster, bool own)
        {
            (_pod, _cluster) = (pod, cluster);
            _affinityColumns = [.. pod.RequiredAffinity.Select(t => cluster.Topology(t.TopologyKey))];
            _antiAffinityColumns = [.. pod.RequiredAntiAffinity.Select(t => cluster.Topology(t.TopologyKey))];
            _selectsItself = Array.TrueForAll(pod.RequiredAffinity, t => t.Selects(pod, cluster));
            (_affinityCounts, _existingAntiAffinityCounts) = (new(cluster), new(cluster));
            _antiAffinityCounts = [.. pod.RequiredAntiAffinity.Select(_ => new TopologyCounts(cluster))];
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

        public Status Check(int node)
        {
            if (!SatisfiesAffinity(node))
            {
                return AffinityUnsatisfied;
            }
            for (var i = 0; i < _antiAffinityColumns.Length; i++)
            {
                if (_antiAffinityCounts[i].Has(_antiAffinityColumns[i], node))
                {
                    return AntiAffinityViolated;
                }
            }
            return _existingAntiAffinityCounts.HasAny(node) ? ExistingAntiAffinityViolated : Status.Success;
        }

        public void Add(PodInfo pod, int node) => Count(pod, node, 1);

        public void Remove(PodInfo pod, int node) => Count(pod, node, -1);

        private bool SatisfiesAffinity(int node)
        {
            var all = true;
            foreach (var column in _affinityColumns)
            {
                if (column.Domains[node] < 0)
                {
                    return false;
                }
                all &= _affinityCounts.Has(column, node);
            }
            // The first pod of a series that matches its own affinity terms may go anywhere. Otherwise it would wait for ever.
            return all || (_affinityCounts.Total == 0 && _selectsItself);
        }

        private void Count(PodInfo other, int node, int sign)
        {
            if (_affinityColumns.Length > 0 && SelectedByAll(other))
            {
                foreach (var term in _pod.RequiredAffinity)
                {
                    _affinityCounts.Add(term.TopologyKey, node, sign);
                }
            }
            for (var i = 0; i < _antiAffinityColumns.Length; i++)
            {
                if (_pod.RequiredAntiAffinity[i].Selects(other, _cluster))
                {
                    _antiAffinityCounts[i].Add(_antiAffinityColumns[i].Key, node, sign);
                }
            }
            foreach (var term in other.RequiredAntiAffinity)
            {
                if (term.Selects(_pod, _cluster))
                {
                    _existingAntiAffinityCounts.Add(term.TopologyKey, node, sign);
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
