using k8s.Models;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>Whether a pod may preempt others now (upstream: PodEligibleToPreemptOthers).</summary>
internal static class PreemptionEligibility
{
    public const string DisruptionTarget = "DisruptionTarget";
    public const string ByScheduler = "PreemptionByScheduler";

    /// <summary>Why not, in upstream's words, or null.</summary>
    /// <param name="preemptor">The pod.</param>
    /// <param name="onNominatedNode">The pods on its nominated node; empty when it has none.</param>
    /// <param name="nominatedNodeIsUnresolvable">Whether that node cannot take the pod, whichever pods leave.</param>
    public static string? Problem(PodInfo preemptor, IEnumerable<PodInfo> onNominatedNode, bool nominatedNodeIsUnresolvable)
    {
        if (preemptor.Pod.Spec.PreemptionPolicy == "Never")
        {
            return "not eligible due to preemptionPolicy=Never.";
        }
        // Its last victims are still terminating: wait for them before preempting more.
        return !nominatedNodeIsUnresolvable && onNominatedNode.Any(p => p.Priority < preemptor.Priority && IsTerminatingByPreemption(p))
            ? "not eligible due to a terminating pod on the nominated node."
            : null;
    }

    private static bool IsTerminatingByPreemption(PodInfo pod) =>
        pod.IsTerminating
        && (pod.Pod.Status?.Conditions ?? []).FirstOrDefault(c => c.Type == DisruptionTarget) is { Status: "True", Reason: ByScheduler };
}
