using k8s.Models;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The status that a DaemonSet should have.</summary>
public static class DaemonSetStatuses
{
    /// <summary>Computes the status. On each node, only the first pod counts.</summary>
    /// <param name="set">The set.</param>
    /// <param name="nodes">All nodes with the set's pods.</param>
    /// <param name="hash">The hash of its template.</param>
    /// <param name="collisionCount">How many names of revisions were taken.</param>
    /// <param name="isSettled">
    /// Whether all writes that the generation asks for have a known outcome; otherwise it is not reported as observed.
    /// </param>
    /// <param name="now">The time.</param>
    public static V1DaemonSetStatus Compute(
        V1DaemonSet set,
        IEnumerable<DaemonNode> nodes,
        string hash,
        int? collisionCount,
        bool isSettled,
        DateTimeOffset now
    )
    {
        int desired = 0,
            current = 0,
            misscheduled = 0,
            ready = 0,
            updated = 0,
            available = 0;
        foreach (var node in nodes.Where(n => n.Exists))
        {
            if (!node.ShouldRun)
            {
                misscheduled += node.Pods.Count > 0 ? 1 : 0;
                continue;
            }
            desired++;
            if (node.Pods is not [var pod, ..])
            {
                continue;
            }
            current++;
            ready += pod.IsReady() ? 1 : 0;
            available += pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now) ? 1 : 0;
            updated += DaemonPod.IsUpdated(set, pod, hash) ? 1 : 0;
        }
        return new()
        {
            DesiredNumberScheduled = desired,
            CurrentNumberScheduled = current,
            NumberMisscheduled = misscheduled,
            NumberReady = ready,
            UpdatedNumberScheduled = updated,
            NumberAvailable = available,
            NumberUnavailable = desired - available,
            CollisionCount = collisionCount,
            ObservedGeneration = isSettled ? set.Metadata.Generation : set.Status?.ObservedGeneration,
            Conditions = set.Status?.Conditions,
        };
    }

    /// <summary>Whether both are the same. An absent number is zero.</summary>
    public static bool AreEqual(V1DaemonSetStatus? left, V1DaemonSetStatus right) =>
        (left?.DesiredNumberScheduled ?? 0) == right.DesiredNumberScheduled
        && (left?.CurrentNumberScheduled ?? 0) == right.CurrentNumberScheduled
        && (left?.NumberMisscheduled ?? 0) == right.NumberMisscheduled
        && (left?.NumberReady ?? 0) == right.NumberReady
        && (left?.UpdatedNumberScheduled ?? 0) == (right.UpdatedNumberScheduled ?? 0)
        && (left?.NumberAvailable ?? 0) == (right.NumberAvailable ?? 0)
        && (left?.NumberUnavailable ?? 0) == (right.NumberUnavailable ?? 0)
        && (left?.CollisionCount ?? 0) == (right.CollisionCount ?? 0)
        && (left?.ObservedGeneration ?? 0) == (right.ObservedGeneration ?? 0);
}
