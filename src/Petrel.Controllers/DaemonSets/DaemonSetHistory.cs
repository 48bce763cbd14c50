using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Revisions;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// What the revision history of a DaemonSet needs beyond that of a StatefulSet. Pods name their revision by its hash: so every revision has
/// its hash as a label, and each template has one revision only.
/// </summary>
internal sealed class DaemonSetHistory(MetadataWriter<V1Pod> pods, RevisionWriter revisions)
{
    /// <summary>The hash by which pods name the revision; empty when it has no label yet.</summary>
    public static string Hash(V1ControllerRevision revision) => HashLabelOf(revision) ?? "";

    /// <summary>Whether <see cref="RepairAsync"/> has anything to do.</summary>
    public static bool NeedsRepair(RevisionPlan plan) => plan.Duplicates.Count > 0 || plan.Adoption.Owned.Any(r => Hash(r).Length == 0);

    /// <summary>
    /// Gives each revision its label, moves pods from duplicates to the newest revision of the template, and deletes the duplicates.
    /// </summary>
    public async ValueTask RepairAsync(RevisionPlan plan, IReadOnlyList<V1Pod> ownPods, CancellationToken cancellationToken)
    {
        foreach (var revision in plan.Adoption.Owned.Where(r => Hash(r).Length == 0))
        {
            // The name of the revision is unique, and so a hash that no other revision has.
            await revisions.PatchAsync(revision, HashLabel(revision.Metadata.Name), seen => Hash(seen).Length > 0, cancellationToken);
        }
        if (plan.Newest is not { } newest || Hash(newest).Length == 0)
        {
            return;
        }
        foreach (var duplicate in plan.Duplicates)
        {
            foreach (var pod in ownPods.Where(p => HashLabelOf(p) == Hash(duplicate)))
            {
                await pods.PatchAsync(pod, HashLabel(Hash(newest)), seen => HashLabelOf(seen) == Hash(newest), cancellationToken);
            }
            await revisions.DeleteAsync(duplicate, cancellationToken);
        }
    }

    /// <summary>The revisions beyond the history limit. Revisions that pods have count towards the limit, but stay.</summary>
    public static IReadOnlyList<V1ControllerRevision> Surplus(V1DaemonSet set, RevisionHistory history, IReadOnlyList<V1Pod> ownPods)
    {
        var live = ownPods.Select(HashLabelOf).ToHashSet(StringComparer.Ordinal);
        return RevisionPlan.Truncate(
            history.Revisions.Where(r => r.Metadata.Name != history.Newest.Metadata.Name),
            r => live.Contains(Hash(r)),
            set.Spec.RevisionHistoryLimit ?? 10,
            countLive: true
        );
    }

    private static string? HashLabelOf(IKubernetesObject<V1ObjectMeta> value) =>
        LabelSets.Of(value.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel);

    private static JsonObject HashLabel(string hash) => new() { ["labels"] = new JsonObject { [RevisionOwner.PodLabel] = hash } };
}
