using k8s.Models;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// What to do about a StatefulSet's pods and claims now (upstream: updateStatefulSet). First the wanted pods in the order of their
/// ordinals, then those too many from the last one, then the update from the last one. With OrderedReady every step waits for what it
/// depends on, so that the plan ends where there is something to wait for; with Parallel nothing waits but the update.
/// </summary>
/// <param name="Actions">To be done in order.</param>
/// <param name="RequeueAfter">When to plan again even if nothing changes: when the next ready pod becomes available.</param>
public sealed record StatefulSetPlan(IReadOnlyList<StatefulSetAction> Actions, TimeSpan? RequeueAfter)
{
    /// <summary>The plan.</summary>
    /// <param name="set">The set; not one that is being deleted: then the collector decides about its pods.</param>
    /// <param name="revisions">Its current and its newest template.</param>
    /// <param name="pods">Its own pods.</param>
    /// <param name="claim">Finds a claim of its namespace by its name.</param>
    /// <param name="now">The time.</param>
    public static StatefulSetPlan Compute(
        V1StatefulSet set,
        StatefulSetRevisions revisions,
        IReadOnlyList<V1Pod> pods,
        Func<string, V1PersistentVolumeClaim?> claim,
        DateTimeOffset now
    )
    {
        var sync = new StatefulSetSync(set, revisions, pods, claim, now);
        if (sync.PlanWanted() && sync.PlanSurplus())
        {
            sync.PlanUpdate();
        }
        var waits = pods.Select(pod => pod.UntilAvailable(set.Spec.MinReadySeconds ?? 0, now)).Where(wait => wait > TimeSpan.Zero).ToList();
        return new(sync.Actions, waits.Count == 0 ? null : waits.Min());
    }

    /// <summary>
    /// How many pods may be unavailable during an update: a percentage of the replicas is rounded down, but one always may.
    /// </summary>
    public static int MaxUnavailable(V1StatefulSet set)
    {
        var replicas = set.Spec.Replicas ?? 1;
        var text = set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable?.Value;
        return text is null ? 1 : Math.Max(1, IntOrPercent.Resolve(text, replicas, up: false));
    }
}
