using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods off cordoned nodes, except those that tolerate the taint that stands for it.</summary>
internal sealed class NodeUnschedulableFilter : IFilterPlugin, IRetryHints
{
    private static readonly V1Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = Taints.NoSchedule };
    private static readonly Verdict Cordoned = Verdict.Unresolvable("node(s) were unschedulable");

    public string Name => "NodeUnschedulable";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) => happened.Node is null || happened.Node.Spec?.Unschedulable != true;

    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        Tolerations.Tolerate(pod.Pod.Spec.Tolerations, Cordon) ? FilterPlan.Skip : FilterPlan.With(new Filter(cluster));

    private sealed class Filter(ClusterState cluster) : INodeFilter
    {
        public Verdict Check(int node) => cluster.At(node).IsUnschedulable ? Cordoned : Verdict.Pass;
    }
}
