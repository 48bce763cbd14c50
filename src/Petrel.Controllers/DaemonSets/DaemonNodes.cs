using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>A node as a DaemonSet sees it.</summary>
/// <param name="Name">The node's name. Pods may be meant for a node that does not exist.</param>
/// <param name="Exists">Whether the node exists.</param>
/// <param name="ShouldRun">Whether the node should have a pod.</param>
/// <param name="ShouldContinueRunning">Whether a pod that runs there may stay.</param>
/// <param name="Pods">The set's pods on the node. The first one counts: bound pods come before pending ones, then the oldest first.</param>
public sealed record DaemonNode(string Name, bool Exists, bool ShouldRun, bool ShouldContinueRunning, IReadOnlyList<V1Pod> Pods);

/// <summary>All nodes, and those that pods are meant for, in the order of their names.</summary>
public static class DaemonNodes
{
    /// <summary>
    /// Groups the set's pods by node. Finished pods that are being deleted do not count: there is nothing left to do about them.
    /// </summary>
    public static IReadOnlyList<DaemonNode> Of(V1DaemonSet set, IEnumerable<V1Node> nodes, IEnumerable<V1Pod> own)
    {
        var placement = new DaemonPlacement(set);
        var pods = new SortedDictionary<string, List<V1Pod>>(StringComparer.Ordinal);
        foreach (var pod in own.Where(p => !(p.IsFinished() && p.Metadata.DeletionTimestamp is not null)))
        {
            if (DaemonPod.TargetNode(pod) is { } node)
            {
                if (!pods.TryGetValue(node, out var there))
                {
                    pods[node] = there = [];
                }
                there.Add(pod);
            }
        }
        var result = new List<DaemonNode>();
        foreach (var node in nodes)
        {
            var (run, stay) = placement.On(node);
            pods.Remove(node.Metadata.Name, out var there);
            there?.Sort(Compare);
            result.Add(new(node.Metadata.Name, true, run, stay, there ?? []));
        }
        result.AddRange(pods.Select(p => new DaemonNode(p.Key, false, false, false, p.Value)));
        result.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return result;
    }

    private static int Compare(V1Pod left, V1Pod right)
    {
        var order = string.IsNullOrEmpty(left.Spec.NodeName).CompareTo(string.IsNullOrEmpty(right.Spec.NodeName));
        order = order != 0 ? order : Nullable.Compare(left.Metadata.CreationTimestamp, right.Metadata.CreationTimestamp);
        return order != 0 ? order : string.CompareOrdinal(left.Metadata.Name, right.Metadata.Name);
    }
}
