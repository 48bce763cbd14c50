using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods off nodes with a NoSchedule or NoExecute taint that they do not tolerate.</summary>
internal sealed class TaintTolerationFilter : IFilterPlugin, IQueueingHints
{
    // Since 1.35 (and 1.34.2) without the taint's key and value, which may reveal more than a tenant should know.
    private static readonly Status Untolerated = Status.Unresolvable("node(s) had untolerated taint(s)");

    public string Name => "TaintToleration";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.Node is null || Tolerations.AllowScheduling(waiting.Pod.Spec.Tolerations, happened.Node.Spec?.Taints ?? []);

    public FilterPlan For(PodInfo pod, ClusterState cluster) => FilterPlan.With(new Filter(pod.Pod.Spec.Tolerations, cluster));

    private sealed class Filter(IList<V1Toleration>? tolerations, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node) => Tolerations.AllowScheduling(tolerations, cluster.At(node).Taints) ? Status.Success : Untolerated;
    }
}
