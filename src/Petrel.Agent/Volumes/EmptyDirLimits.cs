using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Agent.Volumes;

/// <summary>The size limits of <c>emptyDir</c> volumes. A pod that exceeds one is evicted (as upstream).</summary>
internal static class EmptyDirLimits
{
    /// <summary>The volume's size limit in bytes; 0 for none.</summary>
    public static long BytesOf(V1EmptyDirVolumeSource source) =>
        source.SizeLimit is { } limit ? ResourceList.From(new Dictionary<string, ResourceQuantity> { ["memory"] = limit }).Memory : 0;

    /// <summary>Whether the pod has a volume that must be measured.</summary>
    public static bool Apply(V1Pod pod) => Limited(pod).Any();

    /// <summary>The message for a pod of which a volume exceeds its limit, or null.</summary>
    public static async ValueTask<string?> ExceededAsync(IPodFiles files, V1Pod pod, CancellationToken cancellationToken)
    {
        foreach (var volume in Limited(pod))
        {
            var used = await files.MeasureAsync(pod.Metadata.Uid, volume.Name, cancellationToken);
            if (used is null || used > BytesOf(volume.EmptyDir))
            {
                return $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit \"{volume.EmptyDir.SizeLimit}\". ";
            }
        }
        return null;
    }

    private static IEnumerable<V1Volume> Limited(V1Pod pod) =>
        (pod.Spec.Volumes ?? []).Where(v => v.EmptyDir is { } source && BytesOf(source) > 0);
}
