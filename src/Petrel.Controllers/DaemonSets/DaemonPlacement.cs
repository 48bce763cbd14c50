using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// Which nodes should run a DaemonSet's pod (upstream: NodeShouldRunDaemonPod). The scheduler checks whether the node has room.
/// </summary>
public sealed class DaemonPlacement
{
    private readonly string? _nodeName;
    private readonly RequiredNodeAffinity _affinity;
    private readonly IList<V1Toleration> _tolerations;

    public DaemonPlacement(V1DaemonSet set)
    {
        var spec = set.Spec.Template.Spec;
        _nodeName = string.IsNullOrEmpty(spec.NodeName) ? null : spec.NodeName;
        _affinity = new(spec);
        _tolerations = DaemonTolerations.Of(spec);
    }

    /// <summary>
    /// <c>ShouldRun</c>: the node should have a pod. <c>ShouldContinueRunning</c>: a pod that runs there may stay. A NoSchedule taint keeps
    /// new pods away but does not evict running ones.
    /// </summary>
    public (bool ShouldRun, bool ShouldContinueRunning) On(V1Node node)
    {
        if ((_nodeName is not null && _nodeName != node.Metadata.Name) || !_affinity.Matches(node))
        {
            return (false, false);
        }
        var taints = node.Spec?.Taints;
        return (Tolerations.AllowScheduling(_tolerations, taints), Tolerations.AllowRunning(_tolerations, taints));
    }
}
