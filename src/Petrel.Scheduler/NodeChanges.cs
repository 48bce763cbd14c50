using k8s.Models;
using Petrel.Scheduler.Queue;
using Petrel.Workloads;

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
        if (old.Spec?.Unschedulable != node.Spec?.Unschedulable || !SameTaints(old.Spec?.Taints ?? [], node.Spec?.Taints ?? []))
        {
            happened |= ClusterEvents.NodeTaints;
        }
        return happened;
    }

    public static bool SameTaints(IList<V1Taint> left, IList<V1Taint> right) =>
        left.Select(t => (t.Key, t.Value, t.Effect)).SequenceEqual(right.Select(t => (t.Key, t.Value, t.Effect)));

    public static bool SameLabels(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count && LabelSets.ContainAll(left, right);

    /// <summary>Whether images are the same, and as large.</summary>
    public static bool Same(IReadOnlyDictionary<string, long> left, IReadOnlyDictionary<string, long> right) =>
        left.Count == right.Count && left.All(l => right.TryGetValue(l.Key, out var size) && size == l.Value);

    public static bool Same<T>(IDictionary<string, T>? left, IDictionary<string, T>? right, Func<T, T, bool> equal) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left ?? new Dictionary<string, T>()).All(l => right!.TryGetValue(l.Key, out var value) && equal(l.Value, value));
}
