using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>Whether what plugins look at is the same in two versions of a node.</summary>
internal static class NodeEquality
{
    public static bool OfTaints(IList<V1Taint> left, IList<V1Taint> right) =>
        left.Select(t => (t.Key, t.Value, t.Effect)).SequenceEqual(right.Select(t => (t.Key, t.Value, t.Effect)));

    public static bool OfLabels(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count && LabelSets.ContainAll(left, right);

    /// <summary>Whether the images and their sizes are the same.</summary>
    public static bool OfImages(IReadOnlyDictionary<string, long> left, IReadOnlyDictionary<string, long> right) =>
        left.Count == right.Count && left.All(l => right.TryGetValue(l.Key, out var size) && size == l.Value);
}
