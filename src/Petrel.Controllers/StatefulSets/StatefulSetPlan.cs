using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// What to do about a StatefulSet's pods and claims now (upstream: updateStatefulSet): first desired pods by ascending ordinal, then
/// surplus pods by descending ordinal, then the update by descending ordinal. With OrderedReady, the plan ends at the first pod that has to
/// be waited for. With Parallel, only the update waits.
/// </summary>
/// <param name="Actions">The actions, in order.</param>
/// <param name="RequeueAfter">When the next ready pod becomes available; null when none will.</param>
public sealed record StatefulSetPlan(IReadOnlyList<StatefulSetAction> Actions, TimeSpan? RequeueAfter)
{
    /// <summary>Plans the next actions.</summary>
    /// <param name="set">The set. While it is being deleted, the garbage collector decides about its pods instead.</param>
    /// <param name="revisions">Its current and its update revision.</param>
    /// <param name="pods">Its own pods.</param>
    /// <param name="claim">Finds a claim in its namespace by name.</param>
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
        if (sync.PlanDesired() && sync.PlanSurplus())
        {
            sync.PlanUpdate();
        }
        var waits = pods.Select(pod => pod.UntilAvailable(set.Spec.MinReadySeconds ?? 0, now)).Where(wait => wait > TimeSpan.Zero).ToList();
        return new(sync.Actions, waits.Count == 0 ? null : waits.Min());
    }

    /// <summary>How many pods may be unavailable during an update. A percentage is rounded down, to at least one.</summary>
    public static int MaxUnavailable(V1StatefulSet set)
    {
        var replicas = set.Spec.Replicas ?? 1;
        var text = set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable?.Value;
        return text is null ? 1 : Math.Max(1, IntOrPercent.Resolve(text, replicas, roundUp: false));
    }
}
