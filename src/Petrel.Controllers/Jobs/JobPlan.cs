using k8s;
using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// What to do next about a job that is not finished. Every step is safe to be the last one of this program, and to be followed by a plan of
/// another.
/// </summary>
public static class JobPlan
{
    /// <summary>
    /// The next step. <paramref name="pods"/> are the job's own and the orphans of its namespace, <paramref name="gone"/> the uids of pods
    /// that are known not to exist any more, <paramref name="backoff"/> how long to wait after the last failure; <paramref name="manage"/>
    /// is false when pods cannot be created or deleted for now.
    /// </summary>
    public static JobAction Compute(
        V1Job job,
        IEnumerable<V1Pod> pods,
        IReadOnlySet<string> gone,
        TimeSpan backoff,
        bool manage,
        DateTimeOffset now
    )
    {
        var (own, claim) = Claim(job, pods);
        if (claim is not null)
        {
            return claim;
        }
        if (Unseen(job, own, gone) is { Count: > 0 } unseen)
        {
            return new JobAction.VerifyPods(unseen);
        }
        var state = new JobState(job, own);
        var outcome = JobOutcome.Of(state, now);
        TimeSpan? wait = null;
        if (outcome is null)
        {
            wait = JobOutcome.UntilDeadline(job, now);
            if (manage && job.Metadata.DeletionTimestamp is null)
            {
                var scale = JobScale.Of(state, backoff, now);
                if (Manage(scale) is { } step)
                {
                    return step;
                }
                wait = scale.Wait is { } more && !(wait < more) ? more : wait;
            }
        }
        else if (manage && job.Has(outcome.Interim) && state.Active.Count > 0)
        {
            // A job that failed counts what it cuts short as failed; one that succeeded does not count it.
            return new JobAction.DeletePods(state.Active, Uncounted: outcome.Success);
        }
        var tracking = JobPodTracking.Of(state, outcome);
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
            { Track.Count: > 0 } => new JobAction.AddFinalizer(scale.Track),
            { Create.Count: > 0 } => new JobAction.CreatePods(scale.Create),
            _ => null,
        };

    private static (List<V1Pod> Own, JobAction.Claim? Claim) Claim(V1Job job, IEnumerable<V1Pod> pods)
    {
        var selector = LabelSets.Selector(job.Spec.Selector);
        var ending = job.Metadata.DeletionTimestamp is not null;
        List<V1Pod> own = [],
            adopt = [],
            release = [];
        foreach (var pod in pods)
        {
            var matches = selector.Matches(LabelSets.Of(pod.Metadata.Labels));
            if (pod.IsControlledBy(job.Metadata.Uid))
            {
                (matches || ending ? own : release).Add(pod);
            }
            else if (matches && !ending && pod.ControllerReference() is null && pod.Metadata.DeletionTimestamp is null)
            {
                adopt.Add(pod);
            }
        }
        return (own, adopt.Count + release.Count > 0 ? new(adopt, release) : null);
    }

    // A pod that the status names and the cache does not show has lost its finalizer, or is still to come into a cache that was just
    // filled.
    private static List<string> Unseen(V1Job job, List<V1Pod> own, IReadOnlySet<string> gone)
    {
        var uncounted = job.Status?.UncountedTerminatedPods;
        var seen = own.Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        return [.. (uncounted?.Succeeded ?? []).Concat(uncounted?.Failed ?? []).Where(uid => !seen.Contains(uid) && !gone.Contains(uid))];
    }

    private static bool AreEqual(V1JobStatus status, V1JobStatus? current) => Text(status) == Text(current ?? new());

    // Numbers and texts that are absent are zero and empty, and an empty list is none.
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
