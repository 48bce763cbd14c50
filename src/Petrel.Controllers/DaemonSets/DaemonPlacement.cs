using k8s.Models;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// Which nodes should run a DaemonSet's pod (upstream: NodeShouldRunDaemonPod). Whether there is room on them is the scheduler's business.
/// </summary>
public sealed class DaemonPlacement
{
    private readonly string? _nodeName;
    private readonly NodeRequirements _requirements;
    private readonly IList<V1Toleration> _tolerations;

    public DaemonPlacement(V1DaemonSet set)
    {
        var spec = set.Spec.Template.Spec;
        _nodeName = string.IsNullOrEmpty(spec.NodeName) ? null : spec.NodeName;
        _requirements = new(spec);
        _tolerations = DaemonTolerations.Of(spec);
    }

    /// <summary>
    /// <c>ShouldRun</c>: the node should have a pod. <c>ShouldContinueRunning</c>: a pod that runs there may stay. A NoSchedule taint keeps
    /// new pods away but does not evict running ones.
    /// </summary>
    public (bool ShouldRun, bool ShouldContinueRunning) On(V1Node node)
    {
        if ((_nodeName is not null && _nodeName != node.Metadata.Name) || !_requirements.Allow(node))
        {
            return (false, false);
        }
        return DaemonTolerations.KeepAway(node, _tolerations) ? (false, !DaemonTolerations.DriveAway(node, _tolerations)) : (true, true);
    }
}
