using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>No pod is on its way out, and each that should run is ready, but for those that nothing can place.</summary>
public sealed class PodsSettled : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now)
    {
        foreach (var pod in facts.Pods.Values)
        {
            if (pod.IsTerminating)
            {
                var finalizers = pod.Finalizers.Count > 0 ? $" (finalizers {string.Join(", ", pod.Finalizers)})" : "";
                return $"pod {pod.ShortKey} is still terminating{finalizers}";
            }
            // Jobs' pods come and go; their goal is the Job's.
            if (!pod.HasFinished && !pod.IsReady && pod.OwnerKind != "Job" && !MayWait(pod))
            {
                return $"pod {pod.ShortKey} on '{pod.Node}' is {(pod.Phase.Length > 0 ? pod.Phase : "without a phase")} and not ready";
            }
        }
        return null;
    }

    /// <summary>A pod that the scheduler has judged and found no place for.</summary>
    public static bool IsUnschedulable(CommittedPod pod)
    {
        foreach (var condition in pod.Document.Items("status", "conditions"))
        {
            if (condition.Text("type") == "PodScheduled")
            {
                return condition.Text("status") == "False";
            }
        }
        return false;
    }

    /// <summary>It has no place, and its scenario says that there may be none.</summary>
    public static bool MayWait(CommittedPod pod) =>
        pod.Node.Length == 0 && pod.Labels.GetValueOrDefault(Labels.MayStarve) == "true" && IsUnschedulable(pod);
}
