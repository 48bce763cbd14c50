using k8s.Models;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers.Deployments;

/// <summary>Removes every old pod before the first new one is made.</summary>
internal static class RecreateStrategy
{
    public static void Plan(Rollout rollout, IReadOnlyList<V1Pod> pods)
    {
        var scaled = false;
        foreach (var set in rollout.Old)
        {
            scaled |= rollout.Scale(set, 0);
        }
        if (scaled || rollout.Old.Any(s => s.ActualReplicas() > 0 || !s.IsObserved()) || pods.Any(p => Runs(rollout, p)))
        {
            return;
        }
        if (rollout.New is null)
        {
            rollout.Create(rollout.Bounds.Replicas);
            return;
        }
        rollout.Scale(rollout.New, rollout.Bounds.Replicas);
        if (DeploymentStatuses.IsComplete(rollout.Deployment, rollout.Status))
        {
            OldReplicaSetCleanup.Plan(rollout);
        }
    }

    /// <summary>Whether the pod will never run again.</summary>
    public static bool IsFinished(V1Pod pod) => pod.Status?.Phase is "Failed" or "Succeeded";

    // A pod on its way out runs until it is gone or finished.
    private static bool Runs(Rollout rollout, V1Pod pod) =>
        !IsFinished(pod) && Ownership.Controller(pod) is { } owner && rollout.Old.Any(s => s.Metadata.Uid == owner.Uid);
}
