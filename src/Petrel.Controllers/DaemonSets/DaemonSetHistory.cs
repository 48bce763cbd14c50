using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// What a DaemonSet's history needs beyond a StatefulSet's, because its pods name their revision by its hash: every revision has its hash
/// as a label, and there is one of a template only.
/// </summary>
internal sealed class DaemonSetHistory(ApiClient client, ClusterCaches caches, RevisionHistoryWriter keeper)
{
    /// <summary>The hash by which pods name the revision; empty when it has none yet.</summary>
    public static string Hash(V1ControllerRevision revision) =>
        LabelSets.Of(revision.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel) ?? "";

    /// <summary>Whether <see cref="RepairAsync"/> has something to do.</summary>
    public static bool NeedsRepair(RevisionPlan plan) => plan.Duplicates.Count > 0 || plan.Owned.Any(r => Hash(r).Length == 0);

    /// <summary>Gives each revision its label, moves pods from duplicates to the newest of them, and deletes the duplicates.</summary>
    public async ValueTask RepairAsync(RevisionPlan plan, IEnumerable<V1Pod> own, CancellationToken cancellationToken)
    {
        foreach (var revision in plan.Owned.Where(r => Hash(r).Length == 0))
        {
            // Its name, so that no other one has the same.
            await keeper.PatchAsync(revision, Labels(revision.Metadata.Name), cancellationToken);
        }
        if (plan.Newest is not { } newest || Hash(newest).Length == 0)
        {
            return;
        }
        foreach (var duplicate in plan.Duplicates)
        {
            foreach (
                var pod in own.Where(p => LabelSets.Of(p.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel) == Hash(duplicate))
            )
            {
                var metadata = Labels(Hash(newest));
                metadata["uid"] = pod.Metadata.Uid;
                metadata["resourceVersion"] = pod.Metadata.ResourceVersion;
                var changed = await client.PatchAsync<V1Pod>(
                    new(pod.Metadata.NamespaceProperty, pod.Metadata.Name),
                    new() { ["metadata"] = metadata },
                    cancellationToken
                );
                await caches.Pods.WaitForRevisionAsync(ulong.Parse(changed.Metadata.ResourceVersion), cancellationToken);
            }
            await keeper.DeleteAsync(duplicate, cancellationToken);
        }
    }

    /// <summary>The revisions that there is no room for: those that pods are of take room, but stay.</summary>
    public static IReadOnlyList<V1ControllerRevision> Surplus(V1DaemonSet set, RevisionHistory history, IReadOnlyList<V1Pod> own)
    {
        var live = own.Select(p => LabelSets.Of(p.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel))
            .ToHashSet(StringComparer.Ordinal);
        return RevisionPlan.Truncate(
            history.Revisions.Where(r => r.Metadata.Name != history.Newest.Metadata.Name),
            r => live.Contains(Hash(r)),
            set.Spec.RevisionHistoryLimit ?? 10,
            countLive: true
        );
    }

    private static JsonObject Labels(string hash) => new() { ["labels"] = new JsonObject { [RevisionOwner.PodLabel] = hash } };
}
