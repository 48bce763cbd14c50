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
    private static void Replace(List<NodePods> nodes, int maxUnavailable, DaemonSetSync sync)
    {
        var unavailable = 0;
        var candidates = new List<NodePods>();
        foreach (var node in nodes)
        {
            var available = node switch
            {
                { New: { } newPod, Old: null } => sync.IsAvailable(newPod),
                { New: null, Old: { } old } => sync.IsAvailable(old),
                // The node has no pod, both pods, or duplicates: other rules apply to it.
                _ => false,
            };
            if (!available)
            {
                unavailable++;
                if (node is { New: null, Old: { } old })
                {
                    sync.Remove(old, node.Node, DaemonPodDeletionReason.Outdated);
                }
            }
            else if (node.Old is not null)
            {
                candidates.Add(node);
            }
        }
        foreach (var node in candidates.Take(Math.Max(0, maxUnavailable - unavailable)))
        {
            sync.Remove(node.Old!, node.Node, DaemonPodDeletionReason.Outdated);
        }
    }

    // Creates new pods beside old ones, as many as maxSurge allows; nodes with an unavailable old pod do not count. Deletes old pods whose
    // new pods are available.
    private static void Surge(List<NodePods> nodes, int wanted, int maxSurge, DaemonSetSync sync)
    {
        int surging = 0,
            available = 0;
        var candidates = new List<NodePods>();
        var unwanted = new List<NodePods>();
        foreach (var node in nodes)
        {
            available += (node.Old ?? node.New) is { } counted && sync.IsAvailable(counted) ? 1 : 0;
            if (node.HasDuplicates)
            {
                surging++;
            }
            else if (node is { Old: { } old, New: null })
            {
                if (!node.Node.ShouldRun && !sync.IsAvailable(old))
                {
                    sync.Remove(old, node.Node, DaemonPodDeletionReason.NotNeeded);
                }
                else if (!node.Node.ShouldRun)
                {
                    unwanted.Add(node);
                }
                else if (!sync.IsAvailable(old))
                {
                    sync.Add(node.Node.Name);
                }
                else
                {
                    candidates.Add(node);
                }
            }
            else if (node is { Old: { } replaced, New: { } newPod })
            {
                if (sync.IsAvailable(newPod))
                {
                    sync.Remove(replaced, node.Node, DaemonPodDeletionReason.Outdated);
                }
                else
                {
                    surging++;
                }
            }
        }
        // With maxSurge, no pod should be missing: a pod that has to leave its node is deleted when another one is available elsewhere.
        foreach (var node in unwanted.Take(Math.Max(0, available - wanted)))
        {
            sync.Remove(node.Old!, node.Node, DaemonPodDeletionReason.NotNeeded);
        }
        foreach (var node in candidates.Take(Math.Max(0, maxSurge - surging)))
        {
            sync.Add(node.Node.Name);
        }
    }
}
