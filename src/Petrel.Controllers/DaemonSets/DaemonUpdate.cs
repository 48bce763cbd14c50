using k8s.Models;
using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The rolling update of a DaemonSet (upstream: rollingUpdate).</summary>
internal static class DaemonUpdate
{
    /// <summary>Plans the next step.</summary>
    public static void Plan(V1DaemonSet set, IReadOnlyList<DaemonNode> nodes, DaemonSetSync sync)
    {
        var bounds = DaemonUpdateBounds.Of(set, nodes.Count(n => n.ShouldRun));
        var looked = nodes.Where(n => n.ShouldRun || n.Pods.Count > 0).Select(n => Classify(n, sync)).ToList();
        if (bounds.MaxSurge == 0)
        {
            Replace(looked, bounds.MaxUnavailable, sync);
        }
        else
        {
            Surge(looked, nodes.Count(n => n.ShouldRun), bounds.MaxSurge, sync);
        }
    }

    /// <summary>
    /// A node with its new and its old pod. <see cref="HasDuplicates"/>: it has several of one kind, which are pruned before it is updated.
    /// </summary>
    private sealed record NodePods(DaemonNode Node, V1Pod? New, V1Pod? Old, bool HasDuplicates);

    private static NodePods Classify(DaemonNode node, DaemonSetSync sync)
    {
        var staying = node.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
        var fresh = staying.Where(sync.IsUpdated).ToList();
        var old = staying.Where(p => !sync.IsUpdated(p)).ToList();
        return fresh.Count > 1 || old.Count > 1
            ? new(node, null, null, true)
            : new(node, fresh.FirstOrDefault(), old.FirstOrDefault(), false);
    }

    // Deletes as many old pods as may be missing; those that are not available anyway may all go. The next plans create the new ones.
    private static void Replace(List<NodePods> sites, int maxUnavailable, DaemonSetSync sync)
    {
        var unavailable = 0;
        var candidates = new List<NodePods>();
        foreach (var site in sites)
        {
            var available = site switch
            {
                { New: { } fresh, Old: null } => sync.IsAvailable(fresh),
                { New: null, Old: { } old } => sync.IsAvailable(old),
                // None, both, or too many: other rules see to it.
                _ => false,
            };
            if (!available)
            {
                unavailable++;
                if (site is { New: null, Old: { } old })
                {
                    sync.Remove(old, site.Node, DaemonPodDeletionReason.Outdated);
                }
            }
            else if (site.Old is not null)
            {
                candidates.Add(site);
            }
        }
        foreach (var site in candidates.Take(Math.Max(0, maxUnavailable - unavailable)))
        {
            sync.Remove(site.Old!, site.Node, DaemonPodDeletionReason.Outdated);
        }
    }

    // Creates new pods beside as many old ones as it may, and beside all that are not available; deletes the old ones when the new ones
    // are.
    private static void Surge(List<NodePods> sites, int wanted, int maxSurge, DaemonSetSync sync)
    {
        int surging = 0,
            available = 0;
        var candidates = new List<NodePods>();
        var unwanted = new List<NodePods>();
        foreach (var site in sites)
        {
            available += (site.Old ?? site.New) is { } counted && sync.IsAvailable(counted) ? 1 : 0;
            if (site.HasDuplicates)
            {
                surging++;
            }
            else if (site is { Old: { } old, New: null })
            {
                if (!site.Node.ShouldRun && !sync.IsAvailable(old))
                {
                    sync.Remove(old, site.Node, DaemonPodDeletionReason.NotNeeded);
                }
                else if (!site.Node.ShouldRun)
                {
                    unwanted.Add(site);
                }
                else if (!sync.IsAvailable(old))
                {
                    sync.Add(site.Node.Name);
                }
                else
                {
                    candidates.Add(site);
                }
            }
            else if (site is { Old: { } replaced, New: { } fresh })
            {
                if (sync.IsAvailable(fresh))
                {
                    sync.Remove(replaced, site.Node, DaemonPodDeletionReason.Outdated);
                }
                else
                {
                    surging++;
                }
            }
        }
        // Who asks for surge wants no pod to be missing: one that has to leave its node goes when another one is available elsewhere.
        foreach (var site in unwanted.Take(Math.Max(0, available - wanted)))
        {
            sync.Remove(site.Old!, site.Node, DaemonPodDeletionReason.NotNeeded);
        }
        foreach (var site in candidates.Take(Math.Max(0, maxSurge - surging)))
        {
            sync.Add(site.Node.Name);
        }
    }
}
