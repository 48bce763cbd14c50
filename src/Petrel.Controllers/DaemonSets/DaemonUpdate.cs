using k8s.Models;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The rolling update of a DaemonSet (upstream: rollingUpdate).</summary>
internal static class DaemonUpdate
{
    /// <summary>Plans the next step.</summary>
    public static void Plan(V1DaemonSet set, IReadOnlyList<DaemonNode> nodes, DaemonSetRound round)
    {
        var bounds = DaemonUpdateBounds.Of(set, nodes.Count(n => n.Run));
        var looked = nodes.Where(n => n.Run || n.Pods.Count > 0).Select(n => Look(n, round)).ToList();
        if (bounds.MaxSurge == 0)
        {
            Replace(looked, bounds.MaxUnavailable, round);
        }
        else
        {
            Surge(looked, nodes.Count(n => n.Run), bounds.MaxSurge, round);
        }
    }

    /// <summary>
    /// A node with its new and its old pod. <see cref="Crowded"/>: it has several of one kind, which are pruned before it is updated.
    /// </summary>
    private sealed record Site(DaemonNode Node, V1Pod? New, V1Pod? Old, bool Crowded);

    private static Site Look(DaemonNode node, DaemonSetRound round)
    {
        var staying = node.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
        var fresh = staying.Where(round.IsUpdated).ToList();
        var old = staying.Where(p => !round.IsUpdated(p)).ToList();
        return fresh.Count > 1 || old.Count > 1
            ? new(node, null, null, true)
            : new(node, fresh.FirstOrDefault(), old.FirstOrDefault(), false);
    }

    // Deletes as many old pods as may be missing; those that are not available anyway may all go. The next plans create the new ones.
    private static void Replace(List<Site> sites, int maxUnavailable, DaemonSetRound round)
    {
        var unavailable = 0;
        var candidates = new List<Site>();
        foreach (var site in sites)
        {
            var available = site switch
            {
                { New: { } fresh, Old: null } => round.IsAvailable(fresh),
                { New: null, Old: { } old } => round.IsAvailable(old),
                // None, both, or too many: other rules see to it.
                _ => false,
            };
            if (!available)
            {
                unavailable++;
                if (site is { New: null, Old: { } old })
                {
                    round.Remove(old, site.Node, DaemonPodEnd.Outdated);
                }
            }
            else if (site.Old is not null)
            {
                candidates.Add(site);
            }
        }
        foreach (var site in candidates.Take(Math.Max(0, maxUnavailable - unavailable)))
        {
            round.Remove(site.Old!, site.Node, DaemonPodEnd.Outdated);
        }
    }

    // Creates new pods beside as many old ones as it may, and beside all that are not available; deletes the old ones when the new ones
    // are.
    private static void Surge(List<Site> sites, int wanted, int maxSurge, DaemonSetRound round)
    {
        int surging = 0,
            available = 0;
        var candidates = new List<Site>();
        var unwanted = new List<Site>();
        foreach (var site in sites)
        {
            available += (site.Old ?? site.New) is { } counted && round.IsAvailable(counted) ? 1 : 0;
            if (site.Crowded)
            {
                surging++;
            }
            else if (site is { Old: { } old, New: null })
            {
                if (!site.Node.Run && !round.IsAvailable(old))
                {
                    round.Remove(old, site.Node, DaemonPodEnd.NotNeeded);
                }
                else if (!site.Node.Run)
                {
                    unwanted.Add(site);
                }
                else if (!round.IsAvailable(old))
                {
                    round.Add(site.Node.Name);
                }
                else
                {
                    candidates.Add(site);
                }
            }
            else if (site is { Old: { } replaced, New: { } fresh })
            {
                if (round.IsAvailable(fresh))
                {
                    round.Remove(replaced, site.Node, DaemonPodEnd.Outdated);
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
            round.Remove(site.Old!, site.Node, DaemonPodEnd.NotNeeded);
        }
        foreach (var site in candidates.Take(Math.Max(0, maxSurge - surging)))
        {
            round.Add(site.Node.Name);
        }
    }
}
