using k8s;
using k8s.Models;
using Petrel.Controllers.PodControl;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Jobs;

/// <summary>The pods of a Job: the template with the tracking finalizer and, for an indexed Job, the index.</summary>
internal static class JobPod
{
    // The longest prefix that generateName keeps.
    private const int MaxPrefixLength = 58;

    /// <summary>The pod to create.</summary>
    public static V1Pod From(V1Job job, NewJobPod newPod, IEntropy entropy)
    {
        var pod = newPod.Index is { } index
            ? TemplatePod.From(job, job.Spec.Template, Prefix(job.Metadata.Name, index), entropy)
            : TemplatePod.From(job, job.Spec.Template, entropy);
        pod.Metadata.Finalizers = [.. (pod.Metadata.Finalizers ?? []).Append(JobNames.TrackingFinalizer).Distinct()];
        if (newPod.Index is { } completionIndex)
        {
            SetIndex(job, pod, completionIndex);
            if (job.HasBackoffLimitPerIndex())
            {
                SetFailures(job, pod, newPod.Replaces);
            }
        }
        return pod;
    }

    // The index is never cut off, only the name.
    private static string Prefix(string name, int index)
    {
        var suffix = $"-{index}-";
        return name[..Math.Min(name.Length, MaxPrefixLength - suffix.Length)] + suffix;
    }

    private static void SetIndex(V1Job job, V1Pod pod, int index)
    {
        (pod.Metadata.Annotations ??= new Dictionary<string, string>())[JobNames.CompletionIndex] = $"{index}";
        (pod.Metadata.Labels ??= new Dictionary<string, string>())[JobNames.CompletionIndex] = $"{index}";
        pod.Spec.Hostname = $"{job.Metadata.Name}-{index}";
        foreach (var container in (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers))
        {
            if (container.Env?.Any(e => e.Name == JobNames.IndexVariable) != true)
            {
                var source = new V1EnvVarSource { FieldRef = new() { FieldPath = $"metadata.labels['{JobNames.CompletionIndex}']" } };
                container.Env = [.. container.Env ?? [], new() { Name = JobNames.IndexVariable, ValueFrom = source }];
            }
        }
    }

    private static void SetFailures(V1Job job, V1Pod pod, V1Pod? replaced)
    {
        var (failures, ignored) = (0, 0);
        if (replaced is not null)
        {
            var counts = PodFailurePolicyRules.Evaluate(job.Spec.PodFailurePolicy, replaced).Counts;
            failures = replaced.FailuresBefore() + (counts ? 1 : 0);
            ignored = replaced.IgnoredFailuresBefore() + (counts ? 0 : 1);
        }
        pod.Metadata.Annotations[JobNames.IndexFailureCount] = $"{failures}";
        if (ignored > 0)
        {
            pod.Metadata.Annotations[JobNames.IndexIgnoredFailureCount] = $"{ignored}";
        }
    }
}
