using k8s;
using k8s.Models;
using Petrel.Controllers.Adoption;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Plans the next action for a Job that is not finished. After each action, the controller may crash, and another one continues from the
/// state in the API.
/// </summary>
public static class JobPlan
{
    /// <summary>Plans the next action.</summary>
    /// <param name="job">The Job.</param>
    /// <param name="pods">The pods that it controls and those in its namespace without a controller.</param>
    /// <param name="gone">The uids of pods that are known to be gone.</param>
    /// <param name="backoff">The remaining delay after the last failure.</param>
    /// <param name="managesPods">False while pods cannot be created or deleted.</param>
    /// <param name="now">The time.</param>
    public static JobAction Compute(
        V1Job job,
        IEnumerable<V1Pod> pods,
        IReadOnlySet<string> gone,
        TimeSpan backoff,
        bool managesPods,
        DateTimeOffset now
    )
    {
        var adoption = PlanAdoption(job, pods);
        if (adoption.HasWork)
        {
            return new JobAction.Adopt(adoption);
        }
        var own = adoption.Owned;
        if (Unseen(job, own, gone) is { Count: > 0 } unseen)
        {
            return new JobAction.VerifyPods(unseen);
        }
        var state = new JobState(job, own);
        var outcome = JobOutcome.Compute(state, now);
        TimeSpan? wait = null;
        if (outcome is null)
        {
            wait = JobOutcome.UntilDeadline(job, now);
            if (managesPods && job.Metadata.DeletionTimestamp is null)
            {
                var scale = JobScale.Of(state, backoff, now);
                if (Manage(scale) is { } step)
                {
                    return step;
                }
                wait = scale.RequeueAfter is { } more && !(wait < more) ? more : wait;
            }
        }
        else if (managesPods && job.Has(outcome.Interim) && state.Active.Count > 0)
        {
            // When the Job failed, the deleted pods count as failed. When it succeeded, they do not count.
            return new JobAction.DeletePods(state.Active, Uncounted: outcome.Success);
        }
        var tracking = JobPodTracking.Compute(state, outcome);
        var events = JobConditions.Set(tracking, state, outcome, now);
        if (!AreEqual(tracking.Status, job.Status))
        {
            return new JobAction.WriteStatus(tracking.Status, events);
        }
        return tracking.Release.Count > 0 ? new JobAction.RemoveFinalizer(tracking.Release) : new JobAction.Wait(wait);
    }

    private static JobAction? Manage(JobScale scale) =>
        scale switch
        {
            { Delete.Count: > 0 } => new JobAction.DeletePods(scale.Delete, Uncounted: true),
            { Untracked.Count: > 0 } => new JobAction.AddFinalizer(scale.Untracked),
            { Create.Count: > 0 } => new JobAction.CreatePods(scale.Create),
            _ => null,
        };

    private static AdoptionPlan<V1Pod> PlanAdoption(V1Job job, IEnumerable<V1Pod> pods)
    {
        var selector = LabelSelectors.From(job.Spec.Selector);
        var isDeleting = job.Metadata.DeletionTimestamp is not null;
        // While the Job is being deleted, all its pods lose their finalizer, whatever their labels are.
        return AdoptionPlan<V1Pod>.Compute(job.Metadata, pods, pod => isDeleting || selector.Matches(LabelSets.Of(pod.Metadata.Labels)));
    }

    // A pod that the status names and the cache does not show has lost its finalizer, or the cache was just filled and lags.
    private static List<string> Unseen(V1Job job, IReadOnlyList<V1Pod> own, IReadOnlySet<string> gone)
    {
        var uncounted = job.Status?.UncountedTerminatedPods;
        var seen = own.Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        return [.. (uncounted?.Succeeded ?? []).Concat(uncounted?.Failed ?? []).Where(uid => !seen.Contains(uid) && !gone.Contains(uid))];
    }

    private static bool AreEqual(V1JobStatus status, V1JobStatus? current) => Text(status) == Text(current ?? new());

    // Absent numbers and strings are zero and empty. An empty list is the same as none.
    private static string Text(V1JobStatus status)
    {
        var uncounted = status.UncountedTerminatedPods;
        return string.Join(
            '\n',
            [
                $"{status.StartTime:O} {status.CompletionTime:O} {status.Active ?? 0} {status.Succeeded ?? 0} {status.Failed ?? 0}",
                $"{status.Ready} {status.Terminating} {status.CompletedIndexes} {status.FailedIndexes ?? "none"}",
                string.Join(' ', uncounted?.Succeeded ?? []),
                string.Join(' ', uncounted?.Failed ?? []),
                .. (status.Conditions ?? []).Select(c => KubernetesJson.Serialize(c)),
            ]
        );
    }
}
