using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// A pod that names its node goes nowhere else. (Such a pod is on its node already; a profile's own preemption may ask all the same.)
/// </summary>
internal sealed class NodeNameFilter : IFilterPlugin, IRetryHints
{
    private static readonly Verdict Another = Verdict.Unresolvable("node(s) didn't match the requested node name");

    public string Name => "NodeName";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded;

    // The signature doesn't tell the node.
    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        pod.Pod.Spec.NodeName is { Length: > 0 } name ? FilterPlan.With(new Filter(name, cluster), isVolatile: true) : FilterPlan.Skip;

    private sealed class Filter(string name, ClusterState cluster) : INodeFilter
    {
        public Verdict Check(int node) => cluster.At(node).Name == name ? Verdict.Pass : Another;
    }
}
