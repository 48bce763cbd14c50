using k8s.Models;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>The strategy Recreate: all old pods are gone before the first new pod is created.</summary>
internal static class RecreateStrategy
{
    public static void Plan(Rollout rollout, IReadOnlyList<V1Pod> pods)
    {
        var scaled = false;
        foreach (var set in rollout.Old)
        {
            scaled |= rollout.Scale(set, 0);
        }
        if (scaled || rollout.Old.Any(s => s.ActualReplicas() > 0 || !s.IsObserved()) || pods.Any(p => MayRun(rollout, p)))
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

    // A pod that is being deleted runs until it is gone or finished.
    private static bool MayRun(Rollout rollout, V1Pod pod) =>
        !pod.IsFinished() && pod.ControllerReference() is { } owner && rollout.Old.Any(s => s.Metadata.Uid == owner.Uid);
}
