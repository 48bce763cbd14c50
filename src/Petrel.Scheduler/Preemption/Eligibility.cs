using k8s.Models;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>Whether a pod may displace others now (upstream: PodEligibleToPreemptOthers).</summary>
internal static class Eligibility
{
    public const string DisruptionTarget = "DisruptionTarget";
    public const string ByScheduler = "PreemptionByScheduler";

    /// <summary>Why not, in upstream's words, or null.</summary>
    /// <param name="preemptor">The pod.</param>
    /// <param name="onNominatedNode">The pods on the node that it waits for; empty when it waits for none.</param>
    /// <param name="nominatedNodeIsLost">Whether that node can't take it however many pods leave.</param>
    public static string? Problem(PodInfo preemptor, IEnumerable<PodInfo> onNominatedNode, bool nominatedNodeIsLost)
    {
        if (preemptor.Pod.Spec.PreemptionPolicy == "Never")
        {
            return "not eligible due to preemptionPolicy=Never.";
        }
        // It has made victims already: let them end before there are more.
        return !nominatedNodeIsLost && onNominatedNode.Any(p => p.Priority < preemptor.Priority && EndsByPreemption(p))
            ? "not eligible due to a terminating pod on the nominated node."
            : null;
    }

    private static bool EndsByPreemption(PodInfo pod) =>
        pod.IsTerminating
        && (pod.Pod.Status?.Conditions ?? []).FirstOrDefault(c => c.Type == DisruptionTarget) is { Status: "True", Reason: ByScheduler };
}
