using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>A host port is used by at most one pod of a node.</summary>
internal sealed class NodePortsFilter : IFilterPlugin, IQueueingHints
{
    private static readonly Status Taken = Status.Unschedulable("node(s) didn't have free ports for the requested pod ports");

    public string Name => "NodePorts";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.PodDeleted;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.OldPod is not { } gone || Array.Exists(gone.HostPorts, used => Array.Exists(waiting.HostPorts, used.ConflictsWith));

    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        pod.HostPorts.Length == 0 ? FilterPlan.Skip : FilterPlan.With(new Filter(pod.HostPorts, cluster));

    private sealed class Filter(HostPortClaim[] wanted, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node)
        {
            foreach (var used in cluster.At(node).UsedPorts)
            {
                foreach (var port in wanted)
                {
                    if (port.ConflictsWith(used))
                    {
                        return Taken;
                    }
                }
            }
            return Status.Success;
        }
    }
}
