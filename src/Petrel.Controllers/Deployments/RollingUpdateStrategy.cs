using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>The strategy RollingUpdate: replaces old pods by new ones step by step, within maxSurge and maxUnavailable.</summary>
internal static class RollingUpdateStrategy
{
    public static void Plan(Rollout rollout)
    {
        if (rollout.New is null)
        {
            rollout.Create(Math.Min(rollout.Bounds.Replicas, MaxScaleUp(rollout)));
            return;
        }
        if (ScaleNew(rollout, rollout.New) || ScaleDownOld(rollout, rollout.New))
        {
            return;
        }
        if (DeploymentStatuses.IsComplete(rollout.Deployment, rollout.Status))
        {
            OldReplicaSetCleanup.Plan(rollout);
        }
    }

    /// <summary>
    /// How many pods may be added to <paramref name="growing"/>, or to a new ReplicaSet. All pods that may exist count, not only the
    /// desired ones. An old ReplicaSet that was scaled down has its pods until its status says otherwise. Until its controller has observed
    /// the change, it may even create more.
    /// </summary>
    public static int MaxScaleUp(Rollout rollout, V1ReplicaSet? growing = null) =>
        rollout.All.Any(s => s != growing && !s.IsObserved())
            ? 0
            : Math.Max(0, rollout.Bounds.MaxTotal - rollout.All.Sum(DeploymentReplicaSets.PossibleReplicas));

    private static bool ScaleNew(Rollout rollout, V1ReplicaSet set)
    {
        var missing = rollout.Bounds.Replicas - set.DesiredReplicas();
        return rollout.Scale(set, set.DesiredReplicas() + (missing <= 0 ? missing : Math.Min(missing, MaxScaleUp(rollout, set))));
    }

    private static bool ScaleDownOld(Rollout rollout, V1ReplicaSet newSet)
    {
        // New pods that are not available yet reduce the number of old pods that may be removed.
        var notAvailable = newSet.DesiredReplicas() - rollout.Available(newSet);
        var budget = rollout.All.Sum(DeploymentReplicaSets.DesiredReplicas) - rollout.Bounds.MinAvailable - notAvailable;
        if (budget <= 0)
        {
            return false;
        }
        return CleanUpUnhealthy(rollout, budget) | ScaleDownAvailable(rollout);
    }

    // Otherwise, old pods that never become available would block the rollout. Their ReplicaSet removes them first.
    private static bool CleanUpUnhealthy(Rollout rollout, int budget)
    {
        var removed = 0;
        foreach (var set in rollout.Old)
        {
            var count = Math.Min(budget - removed, rollout.PlannedReplicas(set) - rollout.Available(set));
            if (count > 0)
            {
                rollout.Scale(set, rollout.PlannedReplicas(set) - count);
                removed += count;
            }
        }
        return removed > 0;
    }

    private static bool ScaleDownAvailable(Rollout rollout)
    {
        var spare = rollout.All.Sum(rollout.Available) - rollout.Bounds.MinAvailable;
        var any = false;
        foreach (var set in rollout.Old)
        {
            var count = Math.Min(spare, rollout.PlannedReplicas(set));
            if (count > 0)
            {
                rollout.Scale(set, rollout.PlannedReplicas(set) - count);
                spare -= count;
                any = true;
            }
        }
        return any;
    }
}
