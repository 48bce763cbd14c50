using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods off cordoned nodes, except pods that tolerate the taint of a cordon.</summary>
internal sealed class NodeUnschedulableFilter : IFilterPlugin, IQueueingHints
{
    private static readonly V1Taint CordonTaint = new() { Key = "node.kubernetes.io/unschedulable", Effect = Taints.NoSchedule };
    private static readonly Status Cordoned = Status.Unresolvable("node(s) were unschedulable");

    public string Name => "NodeUnschedulable";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) => happened.Node is null || happened.Node.Spec?.Unschedulable != true;

    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        Tolerations.Tolerate(pod.Pod.Spec.Tolerations, CordonTaint) ? FilterPlan.Skip : FilterPlan.With(new Filter(cluster));

    private sealed class Filter(ClusterState cluster) : INodeFilter
    {
        public Status Check(int node) => cluster.At(node).IsUnschedulable ? Cordoned : Status.Success;
    }
}
