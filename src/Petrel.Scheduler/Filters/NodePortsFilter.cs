using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Host ports are taken by one pod of a node at most.</summary>
internal sealed class NodePortsFilter : IFilterPlugin
{
    public string Name => "NodePorts";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.PodDeleted;

    public INodeFilter? For(PodInfo pod, ClusterState cluster) => pod.HostPorts.Length == 0 ? null : new Filter(pod.HostPorts);

    private sealed class Filter(HostPort[] wanted) : INodeFilter
    {
        public bool Passes(NodeInfo node, List<string> reasons)
        {
            foreach (var used in node.UsedPorts)
            {
                if (Array.Exists(wanted, port => port.ConflictsWith(used)))
                {
                    reasons.Add("node(s) didn't have free ports for the requested pod ports");
                    return false;
                }
            }
            return true;
        }
    }
}
