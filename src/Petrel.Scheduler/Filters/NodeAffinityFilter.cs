using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>The pod's <c>nodeSelector</c> and required node affinity, and the affinity that the profile adds.</summary>
internal sealed class NodeAffinityFilter(NodeAffinityArgs args) : IFilterPlugin, IRetryHints
{
    private static readonly Verdict NoMatch = Verdict.Unresolvable("node(s) didn't match Pod's node affinity/selector");
    private static readonly Verdict NoMatchOfAdded = Verdict.Unresolvable("node(s) didn't match scheduler-enforced node affinity");
    private static readonly Verdict Conflict = Verdict.Unresolvable("pod affinity terms conflict");

    private readonly RequiredNodes? _added = args.AddedAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } required
        ? new(required)
        : null;

    public string Name => "NodeAffinity";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.Node is not { } node
        || (
            waiting.RequiredNodes.Matches(node.Metadata.Name, LabelSets.Of(node.Metadata.Labels))
            && _added?.Matches(node.Metadata.Name, LabelSets.Of(node.Metadata.Labels)) != false
        );

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var required = pod.RequiredNodes;
        return required.Names is { Count: 0 } ? FilterPlan.Refuse(Conflict)
            : required.IsAny && _added is null ? FilterPlan.Skip
            : FilterPlan.With(new Filter(required, _added, cluster), onlyNodes: required.Names);
    }

    private sealed class Filter(RequiredNodes required, RequiredNodes? added, ClusterState cluster) : INodeFilter
    {
        public Verdict Check(int node)
        {
            var info = cluster.At(node);
            return added?.Matches(info) == false ? NoMatchOfAdded
                : required.Matches(info) ? Verdict.Pass
                : NoMatch;
        }
    }
}
