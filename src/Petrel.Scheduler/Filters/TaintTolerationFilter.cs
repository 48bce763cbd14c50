using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods off nodes with a NoSchedule or NoExecute taint that they don't tolerate.</summary>
internal sealed class TaintTolerationFilter : IFilterPlugin, IRetryHints
{
    // Since 1.35 (and 1.34.2) without the taint's key and value: they may tell a tenant more than it should know.
    private static readonly Verdict Untolerated = Verdict.Unresolvable("node(s) had untolerated taint(s)");

    public string Name => "TaintToleration";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeTaints;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.Node is null || Tolerations.AllowScheduling(waiting.Pod.Spec.Tolerations, happened.Node.Spec?.Taints ?? []);

    public FilterPlan For(PodInfo pod, ClusterState cluster) => FilterPlan.With(new Filter(pod.Pod.Spec.Tolerations, cluster));

    private sealed class Filter(IList<V1Toleration>? tolerations, ClusterState cluster) : INodeFilter
    {
        public Verdict Check(int node) => Tolerations.AllowScheduling(tolerations, cluster.At(node).Taints) ? Verdict.Pass : Untolerated;
    }
}
