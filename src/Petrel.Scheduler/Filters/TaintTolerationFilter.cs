using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods off nodes with a NoSchedule or NoExecute taint that they don't tolerate.</summary>
internal sealed class TaintTolerationFilter : IFilterPlugin
{
    public string Name => "TaintToleration";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public INodeFilter For(PodInfo pod, ClusterState cluster) => new Filter(pod.Pod.Spec.Tolerations);

    private sealed class Filter(IList<V1Toleration>? tolerations) : INodeFilter
    {
        public bool Passes(NodeInfo node, List<string> reasons)
        {
            if (Tolerations.AnyRefused(tolerations, node.Taints))
            {
                // Since 1.35 (and 1.34.2) without the taint's key and value: they may tell a tenant more than it should know.
                reasons.Add("node(s) had untolerated taint(s)");
                return false;
            }
            return true;
        }
    }
}
