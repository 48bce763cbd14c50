using System.Globalization;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>Reads the fields of Jobs and of their pods, with defaults.</summary>
internal static class JobSpecs
{
    /// <summary>Whether this controller manages the Job: <c>spec.managedBy</c> names no other one.</summary>
    public static bool IsManagedByThisController(this V1Job job) => job.Spec.ManagedBy is null or JobNames.ControllerName;

    public static bool IsIndexed(this V1Job job) => job.Spec.CompletionMode == "Indexed";

    public static bool IsSuspended(this V1Job job) => job.Spec.Suspend == true;

    public static bool HasBackoffLimitPerIndex(this V1Job job) => job.Spec.BackoffLimitPerIndex is not null;

    /// <summary>Whether a deleted pod is replaced only when it has ended.</summary>
    public static bool ReplacesOnlyFailed(this V1Job job) =>
        job.Spec.PodReplacementPolicy == "Failed" || job.Spec.PodFailurePolicy is not null;

    /// <summary>The Job is complete or failed. It does not change any more.</summary>
    public static bool IsFinished(this V1Job job) => job.Has(JobNames.Complete) || job.Has(JobNames.Failed);

    /// <summary>Whether the condition exists and is true.</summary>
    public static bool Has(this V1Job job, string type) => job.Condition(type) is { Status: "True" };

    public static V1JobCondition? Condition(this V1Job job, string type) => job.Status?.Conditions?.FirstOrDefault(c => c.Type == type);

    /// <summary>Whether the Job still has to count the pod.</summary>
    public static bool IsTracked(this V1Pod pod) => pod.Metadata.Finalizers?.Contains(JobNames.TrackingFinalizer) == true;

    /// <summary>The pod's completion index, or null.</summary>
    public static int? CompletionIndex(this V1Pod pod) => Number(pod, JobNames.CompletionIndex);

    /// <summary>How many pods of its index failed before it and count.</summary>
    public static int FailuresBefore(this V1Pod pod) => Number(pod, JobNames.IndexFailureCount) ?? 0;

    /// <summary>How many pods of its index failed before it and do not count.</summary>
    public static int IgnoredFailuresBefore(this V1Pod pod) => Number(pod, JobNames.IndexIgnoredFailureCount) ?? 0;

    private static int? Number(V1Pod pod, string annotation) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(annotation, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
