using k8s.Models;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Jobs;

/// <summary>When a pod finished.</summary>
internal static class PodFinishTimes
{
    /// <summary>The end of its last container, else when it became unready, else when it was deleted, else its creation.</summary>
    public static DateTimeOffset FinishedAt(this V1Pod pod) =>
        (LastEnd(pod) ?? Unready(pod) ?? Deleted(pod) ?? pod.Metadata.CreationTimestamp ?? default).AsUtc();

    private static DateTime? LastEnd(V1Pod pod)
    {
        var ends = (pod.Status?.ContainerStatuses ?? []).Select(s => s.State?.Terminated?.FinishedAt).ToList();
        return ends.Count == 0 || ends.Contains(null) ? null : ends.Max();
    }

    private static DateTime? Unready(V1Pod pod) =>
        pod.Status?.Conditions?.FirstOrDefault(c => c is { Type: "Ready", Status: "False" })?.LastTransitionTime;

    private static DateTime? Deleted(V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is { } at ? at.AddSeconds(-(pod.Metadata.DeletionGracePeriodSeconds ?? 0)) : null;
}
