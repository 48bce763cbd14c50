using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>What the pod requests must be free on the node. Names everything that is short, as upstream.</summary>
internal sealed class NodeResourcesFitFilter : IFilterPlugin
{
    public string Name => "NodeResourcesFit";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeAllocatable | ClusterEvents.PodDeleted;

    public INodeFilter For(PodInfo pod, ClusterState cluster) => new Filter(pod.Requests);

    private sealed class Filter(ResourceAmounts wanted) : INodeFilter
    {
        public bool Passes(NodeInfo node, List<string> reasons)
        {
            var before = reasons.Count;
            var (allocatable, requested) = (node.Allocatable, node.Requested);
            if (node.Pods.Count + 1 > allocatable.Pods)
            {
                reasons.Add("Too many pods");
            }
            if (IsShort(wanted.MilliCpu, allocatable.MilliCpu, requested.MilliCpu))
            {
                reasons.Add("Insufficient cpu");
            }
            if (IsShort(wanted.Memory, allocatable.Memory, requested.Memory))
            {
                reasons.Add("Insufficient memory");
            }
            if (IsShort(wanted.EphemeralStorage, allocatable.EphemeralStorage, requested.EphemeralStorage))
            {
                reasons.Add("Insufficient ephemeral-storage");
            }
            if (wanted.Others is not null)
            {
                foreach (var (name, amount) in wanted.Others)
                {
                    if (IsShort(amount, allocatable.Other(name), requested.Other(name)))
                    {
                        reasons.Add($"Insufficient {name}");
                    }
                }
            }
            return reasons.Count == before;
        }

        // A pod that asks for nothing fits even where others took more than there is.
        private static bool IsShort(long wanted, long allocatable, long requested) => wanted > 0 && wanted > allocatable - requested;
    }
}
