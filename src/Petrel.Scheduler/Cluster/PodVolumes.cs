using k8s.Models;
using Petrel.Model;

namespace Petrel.Scheduler.Cluster;

/// <summary>What the volumes of a pod mean for its placement.</summary>
internal static class PodVolumes
{
    /// <summary>The claims of the pod's volumes. The claim of an ephemeral volume has the name of the pod and the volume.</summary>
    public static ObjectKey[] ClaimsOf(V1Pod pod)
    {
        List<ObjectKey>? claims = null;
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (ClaimNameOf(pod, volume) is { } name)
            {
                (claims ??= []).Add(new(pod.Metadata.NamespaceProperty ?? "", name));
            }
        }
        return claims is null ? [] : [.. claims.Distinct()];
    }

    public static string? ClaimNameOf(V1Pod pod, V1Volume volume) =>
        volume.PersistentVolumeClaim?.ClaimName ?? (volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}");

    /// <summary>The volumes that name a disk which only one pod of a node may use, or only readers.</summary>
    public static V1Volume[] DisksOf(V1Pod pod)
    {
        List<V1Volume>? disks = null;
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (IsDisk(volume))
            {
                (disks ??= []).Add(volume);
            }
        }
        return disks is null ? [] : [.. disks];
    }

    /// <summary>Whether both volumes name the same disk, and two pods of one node cannot use it (upstream: isVolumeConflict).</summary>
    public static bool Conflict(V1Volume left, V1Volume right)
    {
        if (left.GcePersistentDisk is { } gce && right.GcePersistentDisk is { } otherGce)
        {
            return gce.PdName == otherGce.PdName && !(gce.ReadOnlyProperty == true && otherGce.ReadOnlyProperty == true);
        }
        if (left.AwsElasticBlockStore is { } ebs && right.AwsElasticBlockStore is { } otherEbs)
        {
            return ebs.VolumeID == otherEbs.VolumeID;
        }
        if (left.Iscsi is { } iscsi && right.Iscsi is { } otherIscsi)
        {
            return iscsi.Iqn == otherIscsi.Iqn && !(iscsi.ReadOnlyProperty == true && otherIscsi.ReadOnlyProperty == true);
        }
        if (left.Rbd is { } rbd && right.Rbd is { } otherRbd)
        {
            return rbd.Image == otherRbd.Image
                && (rbd.Pool ?? "rbd") == (otherRbd.Pool ?? "rbd")
                && rbd.Monitors.Intersect(otherRbd.Monitors).Any()
                && !(rbd.ReadOnlyProperty == true && otherRbd.ReadOnlyProperty == true);
        }
        return false;
    }

    private static bool IsDisk(V1Volume volume) =>
        volume.GcePersistentDisk is not null
        || volume.AwsElasticBlockStore is not null
        || volume.Iscsi is not null
        || volume.Rbd is not null;
}
