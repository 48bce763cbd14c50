using k8s.Models;
using Petrel.Controllers.Revisions;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>What a pod's status means for its StatefulSet.</summary>
internal static class StatefulPodStates
{
    public static bool IsRunningAndReady(this V1Pod pod) => pod.Status?.Phase == "Running" && pod.IsReady();

    /// <summary>Ready for at least the set's minReadySeconds.</summary>
    public static bool IsAvailable(this V1Pod pod, V1StatefulSet set, DateTimeOffset now) =>
        pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now);

    /// <summary>Not available, or being deleted.</summary>
    public static bool IsUnavailable(this V1Pod pod, V1StatefulSet set, DateTimeOffset now) =>
        pod.IsDeleting() || !pod.IsAvailable(set, now);

    /// <summary>The name of the pod's revision; empty when it has none.</summary>
    public static string RevisionName(this V1Pod pod) => LabelSets.Of(pod.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel) ?? "";
}
