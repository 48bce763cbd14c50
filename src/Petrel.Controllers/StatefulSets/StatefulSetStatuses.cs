using k8s.Models;
using Petrel.Controllers.Deployments;

namespace Petrel.Controllers.StatefulSets;

/// <summary>The status that a StatefulSet should have.</summary>
public static class StatefulSetStatuses
{
    /// <summary>
    /// The status from the set's own pods. When all wanted pods are of the newest revision and ready, the rolling update is complete: the
    /// newest revision is the current one from then on.
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
            CurrentRevision = Text(currentRevision),
            UpdateRevision = Text(updateRevision),
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
                current += pod.Revision() == currentRevision ? 1 : 0;
                updated += pod.Revision() == updateRevision ? 1 : 0;
            }
        }
        var wanted = set.Spec.Replicas ?? 1;
        if (set.Spec.UpdateStrategy?.Type is null or "RollingUpdate" && updated == wanted && ready == wanted && replicas == wanted)
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

    /// <summary>Whether both say the same. An absent number is zero.</summary>
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

    private static string? Text(string value) => value.Length == 0 ? null : value;
}
