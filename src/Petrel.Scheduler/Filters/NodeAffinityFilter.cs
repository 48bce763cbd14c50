using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>The pod's <c>nodeSelector</c> and required node affinity.</summary>
internal sealed class NodeAffinityFilter : IFilterPlugin
{
    public string Name => "NodeAffinity";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels;

    public INodeFilter? For(PodInfo pod, ClusterState cluster) => pod.RequiredNodes.IsAny ? null : new Filter(pod.RequiredNodes);

    private sealed class Filter(RequiredNodes required) : INodeFilter
    {
        public bool Passes(NodeInfo node, List<string> reasons)
        {
            if (!required.Matches(node))
            {
                reasons.Add("node(s) didn't match Pod's node affinity/selector");
                return false;
            }
            return true;
        }
    }
}
