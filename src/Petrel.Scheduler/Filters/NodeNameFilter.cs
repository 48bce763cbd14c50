using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// A pod that names its node in <c>spec.nodeName</c> fits no other node. Such a pod is bound already; the filter matters only to plugins
/// that ask about it anyway.
/// </summary>
internal sealed class NodeNameFilter : IFilterPlugin, IQueueingHints
{
    private static readonly Status OtherNode = Status.Unresolvable("node(s) didn't match the requested node name");

    public string Name => "NodeName";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded;

    // The signature does not contain the node's name: the plan must not serve another pod.
    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        pod.Pod.Spec.NodeName is { Length: > 0 } name ? FilterPlan.With(new Filter(name, cluster), isVolatile: true) : FilterPlan.Skip;

    private sealed class Filter(string name, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node) => cluster.At(node).Name == name ? Status.Success : OtherNode;
    }
}
