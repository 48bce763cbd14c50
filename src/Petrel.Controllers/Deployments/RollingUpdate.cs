using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>Replaces old pods by new ones step by step, within the Deployment's bounds.</summary>
internal static class RollingUpdate
{
    public static void Plan(Rollout rollout)
    {
        if (rollout.New is null)
        {
            rollout.Create(Math.Min(rollout.Bounds.Replicas, Room(rollout)));
            return;
        }
        if (SizeNew(rollout, rollout.New) || ShrinkOld(rollout, rollout.New))
        {
            return;
        }
        if (DeploymentStatuses.IsComplete(rollout.Deployment, rollout.Status))
        {
            History.Trim(rollout);
        }
    }

    /// <summary>
    /// How many pods may be added to <paramref name="growing"/>, or to a new ReplicaSet. Counted are the pods that can exist, not only
    /// those wanted: an old ReplicaSet that was made smaller has its pods until its status says otherwise, and while its controller has not
    /// seen the change it may even make more.
    /// </summary>
    public static int Room(Rollout rollout, V1ReplicaSet? growing = null) =>
        rollout.All.Any(s => s != growing && !s.IsObserved())
            ? 0
            : Math.Max(0, rollout.Bounds.MaxTotal - rollout.All.Sum(ReplicaSets.Possible));

    private static bool SizeNew(Rollout rollout, V1ReplicaSet set)
    {
        var missing = rollout.Bounds.Replicas - set.Wanted();
        return rollout.Scale(set, set.Wanted() + (missing <= 0 ? missing : Math.Min(missing, Room(rollout, set))));
    }

    private static bool ShrinkOld(Rollout rollout, V1ReplicaSet newSet)
    {
        // New pods that are not available yet count against what may be taken from the old ones.
        var notAvailable = newSet.Wanted() - rollout.Available(newSet);
        var budget = rollout.All.Sum(ReplicaSets.Wanted) - rollout.Bounds.MinAvailable - notAvailable;
        if (budget <= 0)
        {
            return false;
        }
        return RemoveNotAvailable(rollout, budget) | RemoveAvailable(rollout);
    }

    // Old pods that do not work would otherwise block the rollout for ever. The ReplicaSet removes these first.
    private static bool RemoveNotAvailable(Rollout rollout, int budget)
    {
        var removed = 0;
        foreach (var set in rollout.Old)
        {
            var count = Math.Min(budget - removed, rollout.Size(set) - rollout.Available(set));
            if (count > 0)
            {
                rollout.Scale(set, rollout.Size(set) - count);
                removed += count;
            }
        }
        return removed > 0;
    }

    private static bool RemoveAvailable(Rollout rollout)
    {
        var spare = rollout.All.Sum(rollout.Available) - rollout.Bounds.MinAvailable;
        var any = false;
        foreach (var set in rollout.Old)
        {
            var count = Math.Min(spare, rollout.Size(set));
            if (count > 0)
            {
                rollout.Scale(set, rollout.Size(set) - count);
                spare -= count;
                any = true;
            }
        }
        return any;
    }
}
