using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// What must be done for the claims of a pod that wait for a consumer, once the pod has a node: claims to bind to existing volumes, and
/// claims to provision volumes for.
/// </summary>
internal sealed record ClaimBindings(
    IReadOnlyList<(V1PersistentVolumeClaim Claim, V1PersistentVolume Volume)> ToBind,
    IReadOnlyList<V1PersistentVolumeClaim> ToProvision
)
{
    public bool IsNothing => ToBind.Count + ToProvision.Count == 0;
}

/// <summary>Matches claims and volumes.</summary>
internal static class ClaimBinding
{
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    private const string BindCompleted = "pv.kubernetes.io/bind-completed";
    private const string NoProvisioner = "kubernetes.io/no-provisioner";

    /// <summary>Whether the claim is bound to a volume.</summary>
    public static bool IsBound(V1PersistentVolumeClaim claim) =>
        claim.Spec.VolumeName is { Length: > 0 }
        && (claim.Metadata.Annotations?.ContainsKey(BindCompleted) == true || claim.Status?.Phase == "Bound");

    /// <summary>Whether the claim waits until its first consumer has a node (WaitForFirstConsumer).</summary>
    public static bool Waits(V1PersistentVolumeClaim claim, IClusterObjects objects) =>
        string.IsNullOrEmpty(claim.Spec.VolumeName) && ClassOf(claim, objects)?.VolumeBindingMode == "WaitForFirstConsumer";

    /// <summary>What must be done for the claims when the pod runs on the node; null when the node cannot serve them.</summary>
    public static ClaimBindings? Find(
        IEnumerable<V1PersistentVolumeClaim> claims,
        NodeInfo node,
        IClusterObjects objects,
        Func<string, string?> takenBy
    )
    {
        var (bind, provision) = (new List<(V1PersistentVolumeClaim, V1PersistentVolume)>(), new List<V1PersistentVolumeClaim>());
        // Small claims first: they take the small volumes and leave the large ones.
        foreach (var claim in claims.OrderBy(c => RequestedStorage(c)).ThenBy(c => c.Metadata.Name, StringComparer.Ordinal))
        {
            var selected = claim.Metadata.Annotations?.TryGetValue(SelectedNode, out var name) == true ? name : null;
            if (selected is not null && selected != node.Name)
            {
                return null;
            }
            var volume = selected is not null
                ? null
                : objects
                    .Volumes.Where(v =>
                        Matches(v, claim, node)
                        && !bind.Exists(b => b.Item2 == v)
                        && (takenBy(v.Metadata.Name) ?? claim.Metadata.Uid) == claim.Metadata.Uid
                    )
                    .OrderBy(v => Capacity(v))
                    .ThenBy(v => v.Metadata.Name, StringComparer.Ordinal)
                    .FirstOrDefault();
            if (volume is not null)
            {
                bind.Add((claim, volume));
            }
            else if (CanProvision(claim, node, objects))
            {
                provision.Add(claim);
            }
            else
            {
                return null;
            }
        }
        return new(bind, provision);
    }

    /// <summary>Whether the volume can be used on the node, by its node affinity.</summary>
    public static bool IsReachable(V1PersistentVolume volume, NodeInfo node) =>
        volume.Spec.NodeAffinity?.Required is not { } required || new RequiredNodeAffinity(required).Matches(node.Name, node.Labels);

    private static bool Matches(V1PersistentVolume volume, V1PersistentVolumeClaim claim, NodeInfo node) =>
        volume.Metadata.DeletionTimestamp is null
        && (
            volume.Spec.ClaimRef is null
                ? volume.Status?.Phase == "Available"
                : volume.Spec.ClaimRef.Name == claim.Metadata.Name
                    && volume.Spec.ClaimRef.NamespaceProperty == claim.Metadata.NamespaceProperty
                    && (volume.Spec.ClaimRef.Uid ?? claim.Metadata.Uid) == claim.Metadata.Uid
        )
        && (volume.Spec.StorageClassName ?? "") == (claim.Spec.StorageClassName ?? "")
        && (volume.Spec.VolumeMode ?? "Filesystem") == (claim.Spec.VolumeMode ?? "Filesystem")
        && (claim.Spec.AccessModes ?? []).All(m => volume.Spec.AccessModes?.Contains(m) == true)
        && Capacity(volume) >= RequestedStorage(claim)
        && (claim.Spec.Selector is null || LabelSelectors.From(claim.Spec.Selector).Matches(LabelSets.Of(volume.Metadata.Labels)))
        && IsReachable(volume, node);

    private static bool CanProvision(V1PersistentVolumeClaim claim, NodeInfo node, IClusterObjects objects) =>
        ClassOf(claim, objects) is { Provisioner: { Length: > 0 } provisioner } storageClass
        && provisioner != NoProvisioner
        && (
            storageClass.AllowedTopologies is not { Count: > 0 } topologies
            || topologies.Any(t =>
                (t.MatchLabelExpressions ?? []).All(e => node.Labels.TryGetValue(e.Key, out var value) && e.Values.Contains(value))
            )
        );

    private static V1StorageClass? ClassOf(V1PersistentVolumeClaim claim, IClusterObjects objects) =>
        claim.Spec.StorageClassName is { Length: > 0 } name ? objects.StorageClass(name) : null;

    private static decimal RequestedStorage(V1PersistentVolumeClaim claim) =>
        claim.Spec.Resources?.Requests?.TryGetValue("storage", out var quantity) == true ? quantity.ToDecimal() : 0;

    private static decimal Capacity(V1PersistentVolume volume) =>
        volume.Spec.Capacity?.TryGetValue("storage", out var quantity) == true ? quantity.ToDecimal() : 0;
}
