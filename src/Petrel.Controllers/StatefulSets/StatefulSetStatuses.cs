using k8s.Models;
using Petrel.Controllers.Deployments;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>The status that a StatefulSet should have.</summary>
public static class StatefulSetStatuses
{
    /// <summary>
    /// The status from the set's own pods. When all desired pods have the update revision and are ready, the update is complete, and the
    /// update revision becomes the current one.
    /// </summary>
    public static V1StatefulSetStatus Compute(
        V1StatefulSet set,
        string currentRevision,
        string updateRevision,
        int? collisionCount,
        IEnumerable<V1Pod> pods,
        DateTimeOffset now
    )
    {
        var status = new V1StatefulSetStatus
        {
            ObservedGeneration = set.Metadata.Generation,
            CurrentRevision = NullIfEmpty(currentRevision),
            UpdateRevision = NullIfEmpty(updateRevision),
            CollisionCount = collisionCount ?? 0,
            Conditions = set.Status?.Conditions,
        };
        int replicas = 0,
            ready = 0,
            available = 0,
            current = 0,
            updated = 0;
        foreach (var pod in pods)
        {
            replicas++;
            if (pod.IsRunningAndReady())
            {
                ready++;
                available += pod.IsAvailable(set, now) ? 1 : 0;
            }
            if (!pod.IsDeleting())
            {
                current += pod.RevisionName() == currentRevision ? 1 : 0;
                updated += pod.RevisionName() == updateRevision ? 1 : 0;
            }
        }
        var desired = set.Spec.Replicas ?? 1;
        if (set.Spec.UpdateStrategy?.Type is null or "RollingUpdate" && updated == desired && ready == desired && replicas == desired)
        {
            current = updated;
            status.CurrentRevision = status.UpdateRevision;
        }
        status.Replicas = replicas;
        status.ReadyReplicas = ready;
        status.AvailableReplicas = available;
        status.CurrentReplicas = current;
        status.UpdatedReplicas = updated;
        return status;
    }

    /// <summary>Whether both are the same. An absent number is zero.</summary>
    public static bool AreEqual(V1StatefulSetStatus? left, V1StatefulSetStatus right) =>
        (left?.Replicas ?? 0) == right.Replicas
        && (left?.ReadyReplicas ?? 0) == (right.ReadyReplicas ?? 0)
        && (left?.AvailableReplicas ?? 0) == (right.AvailableReplicas ?? 0)
        && (left?.CurrentReplicas ?? 0) == (right.CurrentReplicas ?? 0)
        && (left?.UpdatedReplicas ?? 0) == (right.UpdatedReplicas ?? 0)
        && (left?.CurrentRevision ?? "") == (right.CurrentRevision ?? "")
        && (left?.UpdateRevision ?? "") == (right.UpdateRevision ?? "")
        && (left?.CollisionCount ?? 0) == (right.CollisionCount ?? 0)
        && (left?.ObservedGeneration ?? 0) == (right.ObservedGeneration ?? 0);

    private static string? NullIfEmpty(string value) => value.Length == 0 ? null : value;
}
