using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Topology spread constraints with <c>DoNotSchedule</c>: no domain may get further than maxSkew ahead of the emptiest.</summary>
internal sealed class PodTopologySpreadFilter(PodTopologySpreadArgs args) : IFilterPlugin, IRetryHints
{
    private static readonly Verdict Skewed = Verdict.Unschedulable("node(s) didn't match pod topology spread constraints");
    private static readonly Verdict NoDomain = Verdict.Unresolvable(
        "node(s) didn't match pod topology spread constraints (missing required label)"
    );

    public string Name => "PodTopologySpread";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded
        | ClusterEvents.NodeDeleted
        | ClusterEvents.NodeLabels
        | ClusterEvents.NodeTaints
        | ClusterEvents.PodAdded
        | ClusterEvents.PodDeleted
        | ClusterEvents.Services;

    // Only pods of its own namespace are counted.
    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        (happened.NewPod ?? happened.OldPod) is not { } pod || pod.Key.Namespace == waiting.Key.Namespace;

    public ObjectKinds Needs(PodInfo pod) =>
        SpreadConstraint.HasOwn(pod) || args.Defaulting != DefaultSpread.List ? ObjectKinds.None : ObjectKinds.Services;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var constraints = SpreadConstraint.Of(pod, SpreadConstraint.DoNotSchedule, args, cluster);
        return constraints.Length == 0 ? FilterPlan.Skip : FilterPlan.With(new Filter(constraints, pod, cluster));
    }

    private sealed class Filter : INodeFilter, IFollowsPods
    {
        private readonly SpreadDomains[] _constraints;

        public Filter(SpreadConstraint[] constraints, PodInfo pod, ClusterState cluster)
        {
            _constraints = [.. constraints.Select(c => new SpreadDomains(c, pod, cluster))];
            foreach (var node in cluster.Order)
            {
                // Nodes without one of the labels count for no constraint.
                if (Array.TrueForAll(_constraints, c => c.Column.Domains[node] >= 0))
                {
                    foreach (var constraint in _constraints)
                    {
                        constraint.Include(cluster.At(node), pod);
                    }
                }
            }
        }

        public Reach Reach => Reach.Cluster;

        public bool DependsOnTaints => Array.Exists(_constraints, c => c.HonorsTaints);

        public Verdict Check(int node)
        {
            foreach (var constraint in _constraints)
            {
                var domain = constraint.Column.Domains[node];
                if (domain < 0)
                {
                    return NoDomain;
                }
                if (constraint.SkewWith(domain) > constraint.MaxSkew)
                {
                    return Skewed;
                }
            }
            return Verdict.Pass;
        }

        public void Add(PodInfo pod, int node) => Count(pod, node, 1);

        public void Remove(PodInfo pod, int node) => Count(pod, node, -1);

        private void Count(PodInfo pod, int node, int sign)
        {
            foreach (var constraint in _constraints)
            {
                constraint.Count(pod, node, sign);
            }
        }
    }
}
