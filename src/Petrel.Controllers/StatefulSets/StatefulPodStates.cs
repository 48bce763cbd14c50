using k8s.Models;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.StatefulSets;

/// <summary>What a pod's status means for its StatefulSet.</summary>
internal static class StatefulPodStates
{
    public static bool IsRunningAndReady(this V1Pod pod) => pod.Status?.Phase == "Running" && pod.IsReady();

    /// <summary>Ready for as long as the set asks for.</summary>
    public static bool IsAvailable(this V1Pod pod, V1StatefulSet set, DateTimeOffset now) =>
        pod.UntilAvailable(set.Spec.MinReadySeconds ?? 0, now) is { } wait && wait <= TimeSpan.Zero;

    /// <summary>Not available, or not for long.</summary>
    public static bool IsUnavailable(this V1Pod pod, V1StatefulSet set, DateTimeOffset now) =>
        pod.IsDeleting() || !pod.IsAvailable(set, now);

    public static bool IsDeleting(this V1Pod pod) => pod.Metadata.DeletionTimestamp is not null;

    /// <summary>The name of the revision that it is of; empty when it does not say.</summary>
    public static string Revision(this V1Pod pod) => LabelSets.Of(pod.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel) ?? "";
}
