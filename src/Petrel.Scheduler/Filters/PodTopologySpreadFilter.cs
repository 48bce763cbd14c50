using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// Topology spread constraints with <c>DoNotSchedule</c>: no domain may have more than maxSkew matching pods above the domain with the
/// fewest.
/// </summary>
internal sealed class PodTopologySpreadFilter(PodTopologySpreadArgs args) : IFilterPlugin, IQueueingHints
{
    private static readonly Status Skewed = Status.Unschedulable("node(s) didn't match pod topology spread constraints");
    private static readonly Status NoDomain = Status.Unresolvable(
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

    // Constraints count only pods of the pod's own namespace.
    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        (happened.NewPod ?? happened.OldPod) is not { } pod || pod.Key.Namespace == waiting.Key.Namespace;

    public ObjectKinds Needs(PodInfo pod) =>
        SpreadConstraint.HasOwn(pod) || args.Defaulting != DefaultSpread.List ? ObjectKinds.None : ObjectKinds.Services;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var constraints = SpreadConstraint.Of(pod, SpreadConstraint.DoNotSchedule, args, cluster);
        return constraints.Length == 0 ? FilterPlan.Skip : FilterPlan.With(new Filter(constraints, pod, cluster));
    }

    private sealed class Filter : INodeFilter, IPodObserver
    {
        private readonly SpreadDomains[] _constraints;

        public Filter(SpreadConstraint[] constraints, PodInfo pod, ClusterState cluster)
        {
            _constraints = [.. constraints.Select(c => new SpreadDomains(c, pod, cluster))];
            foreach (var node in cluster.Order)
            {
                // A node that lacks one of the topology labels counts for none of the constraints.
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

        public Status Check(int node)
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
            return Status.Success;
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
