using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>The pod's <c>nodeSelector</c> and required node affinity, and the node affinity that the profile adds.</summary>
internal sealed class NodeAffinityFilter(NodeAffinityArgs args) : IFilterPlugin, IQueueingHints
{
    private static readonly Status NoMatch = Status.Unresolvable("node(s) didn't match Pod's node affinity/selector");
    private static readonly Status NoMatchOfAdded = Status.Unresolvable("node(s) didn't match scheduler-enforced node affinity");
    private static readonly Status Conflict = Status.Unresolvable("pod affinity terms conflict");

    private readonly RequiredNodeAffinity? _added = args.AddedAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } required
        ? new(required)
        : null;

    public string Name => "NodeAffinity";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.Node is not { } node || (waiting.RequiredNodeAffinity.Matches(node) && _added?.Matches(node) != false);

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var required = pod.RequiredNodeAffinity;
        return required.NodeNames is { Count: 0 } ? FilterPlan.Refuse(Conflict)
            : required.IsAny && _added is null ? FilterPlan.Skip
            : FilterPlan.With(new Filter(required, _added, cluster), onlyNodes: required.NodeNames);
    }

    private sealed class Filter(RequiredNodeAffinity required, RequiredNodeAffinity? added, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node)
        {
            var info = cluster.At(node);
            return added?.Matches(info.Name, info.Labels) == false ? NoMatchOfAdded
                : required.Matches(info.Name, info.Labels) ? Status.Success
                : NoMatch;
        }
    }
}
