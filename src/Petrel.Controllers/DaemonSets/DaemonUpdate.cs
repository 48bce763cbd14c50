using k8s.Models;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The rolling update of a DaemonSet (upstream: rollingUpdate).</summary>
internal static class DaemonUpdate
{
    /// <summary>Plans the next step.</summary>
    public static void Plan(V1DaemonSet set, IReadOnlyList<DaemonNode> nodes, DaemonSetSync sync)
    {
        var bounds = DaemonUpdateBounds.Of(set, nodes.Count(n => n.ShouldRun));
        var classified = nodes.Where(n => n.ShouldRun || n.Pods.Count > 0).Select(n => Classify(n, sync)).ToList();
        if (bounds.MaxSurge == 0)
        {
            Replace(classified, bounds.MaxUnavailable, sync);
        }
        else
        {
            Surge(classified, nodes.Count(n => n.ShouldRun), bounds.MaxSurge, sync);
        }
    }

    /// <summary>
    /// A node with its new and its old pod. <see cref="HasDuplicates"/>: it has several of one kind, which are pruned before it is updated.
    /// </summary>
    private sealed record NodePods(DaemonNode Node, V1Pod? New, V1Pod? Old, bool HasDuplicates);

    private static NodePods Classify(DaemonNode node, DaemonSetSync sync)
    {
        var staying = node.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
        var newPod = staying.Where(sync.IsUpdated).ToList();
        var old = staying.Where(p => !sync.IsUpdated(p)).ToList();
        return newPod.Count > 1 || old.Count > 1
            ? new(node, null, null, true)
            : new(node, newPod.FirstOrDefault(), old.FirstOrDefault(), false);
    }

    // Deletes as many old pods as maxUnavailable allows. Pods that are unavailable anyway do not count. The next plans create the new pods.
    private static void Replace(List<NodePods> nodePods, int maxUnavailable, DaemonSetSync sync)
    {
        var unavailable = 0;
        var candidates = new List<NodePods>();
        foreach (var entry in nodePods)
        {
            var available = entry switch
            {
                { New: { } newPod, Old: null } => sync.IsAvailable(newPod),
                { New: null, Old: { } old } => sync.IsAvailable(old),
                // The node has no pod, both pods, or duplicates: other rules apply to it.
                _ => false,
            };
            if (!available)
            {
                unavailable++;
                if (entry is { New: null, Old: { } old })
                {
                    sync.Remove(old, entry.Node, DaemonPodDeletionReason.Outdated);
                }
            }
            else if (entry.Old is not null)
            {
                candidates.Add(entry);
            }
        }
        foreach (var entry in candidates.Take(Math.Max(0, maxUnavailable - unavailable)))
        {
            sync.Remove(entry.Old!, entry.Node, DaemonPodDeletionReason.Outdated);
        }
    }

    // Creates new pods beside old ones, as many as maxSurge allows; nodes with an unavailable old pod do not count. Deletes old pods whose
    // new pods are available.
    private static void Surge(List<NodePods> nodePods, int desired, int maxSurge, DaemonSetSync sync)
    {
        int surging = 0,
            available = 0;
        var candidates = new List<NodePods>();
        var misplaced = new List<NodePods>();
        foreach (var entry in nodePods)
        {
            available += (entry.Old ?? entry.New) is { } counted && sync.IsAvailable(counted) ? 1 : 0;
            if (entry.HasDuplicates)
            {
                surging++;
            }
            else if (entry is { Old: { } old, New: null })
            {
                if (!entry.Node.ShouldRun && !sync.IsAvailable(old))
                {
                    sync.Remove(old, entry.Node, DaemonPodDeletionReason.NotNeeded);
                }
                else if (!entry.Node.ShouldRun)
                {
                    misplaced.Add(entry);
                }
                else if (!sync.IsAvailable(old))
                {
                    sync.Add(entry.Node.Name);
                }
                else
                {
                    candidates.Add(entry);
                }
            }
            else if (entry is { Old: { } replaced, New: { } newPod })
            {
                if (sync.IsAvailable(newPod))
                {
                    sync.Remove(replaced, entry.Node, DaemonPodDeletionReason.Outdated);
                }
                else
                {
                    surging++;
                }
            }
        }
        // With maxSurge, no pod should be missing: a pod that has to leave its node is deleted when another one is available elsewhere.
        foreach (var entry in misplaced.Take(Math.Max(0, available - desired)))
        {
            sync.Remove(entry.Old!, entry.Node, DaemonPodDeletionReason.NotNeeded);
        }
        foreach (var entry in candidates.Take(Math.Max(0, maxSurge - surging)))
        {
            sync.AddSurge(entry.Node.Name);
        }
    }
}
