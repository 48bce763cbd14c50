using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Workloads;

namespace Petrel.Scheduler.Events;

/// <summary>The event that a change of a node is for pods that wait. A heartbeat is none.</summary>
internal static class NodeChanges
{
    /// <summary>The kinds of the event; <see cref="ClusterEvents.None"/> when no plugin looks at what changed.</summary>
    public static ClusterEvents Between(V1Node? old, V1Node node)
    {
        if (old is null)
        {
            return ClusterEvents.NodeAdded;
        }
        var events = ClusterEvents.None;
        if (!AreEqual(old.Status?.Allocatable, node.Status?.Allocatable))
        {
            events |= ClusterEvents.NodeAllocatable;
        }
        if (!LabelSets.AreEqual(old.Metadata.Labels, node.Metadata.Labels))
        {
            events |= ClusterEvents.NodeLabels;
        }
        if (old.Spec?.Unschedulable != node.Spec?.Unschedulable || !NodeEquality.OfTaints(old.Spec?.Taints ?? [], node.Spec?.Taints ?? []))
        {
            events |= ClusterEvents.NodeTaints;
        }
        return events;
    }

    private static bool AreEqual(IDictionary<string, ResourceQuantity>? left, IDictionary<string, ResourceQuantity>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left is null || left.All(l => right!.TryGetValue(l.Key, out var value) && l.Value.Equals(value)));
}
