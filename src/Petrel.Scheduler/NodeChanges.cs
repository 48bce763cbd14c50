using k8s.Models;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler;

/// <summary>What a change of a node means for pods that wait; heartbeats mean nothing.</summary>
internal static class NodeChanges
{
    public static ClusterEvents Between(V1Node? old, V1Node node)
    {
        if (old is null)
        {
            return ClusterEvents.NodeAdded;
        }
        var happened = ClusterEvents.None;
        if (!Same(old.Status?.Allocatable, node.Status?.Allocatable, (a, b) => a.Equals(b)))
        {
            happened |= ClusterEvents.NodeAllocatable;
        }
        if (!Same(old.Metadata.Labels, node.Metadata.Labels, (a, b) => a == b))
        {
            happened |= ClusterEvents.NodeLabels;
        }
        var taints = (old.Spec?.Taints ?? []).Select(t => (t.Key, t.Value, t.Effect));
        if (old.Spec?.Unschedulable != node.Spec?.Unschedulable || !taints.SequenceEqual((node.Spec?.Taints ?? []).Select(t => (t.Key, t.Value, t.Effect))))
        {
            happened |= ClusterEvents.NodeTaints;
        }
        return happened;
    }

    public static bool Same<T>(IDictionary<string, T>? left, IDictionary<string, T>? right, Func<T, T, bool> equal) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left ?? new Dictionary<string, T>()).All(l => right!.TryGetValue(l.Key, out var value) && equal(l.Value, value));
}
