using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods off cordoned nodes, except those that tolerate the taint that stands for it.</summary>
internal sealed class NodeUnschedulableFilter : IFilterPlugin
{
    private static readonly V1Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = Tolerations.NoSchedule };

    public string Name => "NodeUnschedulable";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public INodeFilter? For(PodInfo pod, ClusterState cluster) => Tolerations.Tolerate(pod.Pod.Spec.Tolerations, Cordon) ? null : new Filter();

    private sealed class Filter : INodeFilter
    {
        public bool Passes(NodeInfo node, List<string> reasons)
        {
            if (node.IsUnschedulable)
            {
                reasons.Add("node(s) were unschedulable");
                return false;
            }
            return true;
        }
    }
}
