using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Counts pods so that none is lost and none counted twice, wherever the controller crashes. First the status lists a finished pod by its
/// uid or index. Then the pod loses its finalizer. Then the counter replaces the uid. (Upstream: trackJobStatusAndRemoveFinalizers.) <see
/// cref="Status"/> is the status to write; <see cref="Release"/> are the pods that may lose their finalizer once it is written.
/// </summary>
internal sealed record JobPodTracking(V1JobStatus Status, IReadOnlyList<V1Pod> Release)
{
    /// <summary>The most uids in a status at once, to limit its size.</summary>
    public const int MaxUncounted = 500;

    /// <summary>The status of a Job, without its conditions.</summary>
    public static JobPodTracking Compute(JobState state, JobOutcome? outcome)
    {
        var job = state.Job;
        var status = (job.Status ?? new()).DeepCopy();
        status.Active = state.Active.Count;
        status.Ready = state.Active.Count(PodStates.IsReady);
        status.Terminating = state.Terminating;
        var tracked = state.Pods.Where(JobSpecs.IsTracked).Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        List<string> succeeded = [.. status.UncountedTerminatedPods?.Succeeded ?? []];
        List<string> failed = [.. status.UncountedTerminatedPods?.Failed ?? []];
        status.Succeeded = (status.Succeeded ?? 0) + succeeded.RemoveAll(uid => !tracked.Contains(uid));
        status.Failed = (status.Failed ?? 0) + failed.RemoveAll(uid => !tracked.Contains(uid));
        var release = RecordFinished(state, outcome, succeeded, failed);
        status.UncountedTerminatedPods = new()
        {
            Succeeded = succeeded.Count == 0 ? null : succeeded,
            Failed = failed.Count == 0 ? null : failed,
        };
        if (job.IsIndexed())
        {
            status.Succeeded = state.Completed.Count;
            status.CompletedIndexes = state.Completed.ToString();
            status.FailedIndexes = job.HasBackoffLimitPerIndex() ? state.FailedIndexes.ToString() : null;
        }
        return new(status, release);
    }

    // Records finished pods that are not recorded yet, as far as there is room. The others wait for a later sync.
    private static List<V1Pod> RecordFinished(JobState state, JobOutcome? outcome, List<string> succeeded, List<string> failed)
    {
        List<V1Pod> release = [];
        var newIndexes = 0;
        bool IsFull() => newIndexes + succeeded.Count + failed.Count >= MaxUncounted;
        foreach (var pod in state.Pods.Where(p => p.IsTracked() && MayRelease(state, outcome, p)))
        {
            var uid = pod.Metadata.Uid;
            var isRecorded = succeeded.Contains(uid) || failed.Contains(uid);
            if (pod.Status?.Phase == "Succeeded" && state.Job.IsIndexed())
            {
                // An index is its own counter: it succeeds only once.
                var isNew = !isRecorded && state.HasIndex(pod) && !state.CompletedBefore.Contains(pod.CompletionIndex()!.Value);
                if (isNew && IsFull())
                {
                    continue;
                }
                newIndexes += isNew ? 1 : 0;
            }
            else if (!isRecorded && UncountedList(state, outcome, pod, succeeded, failed) is { } list)
            {
                if (IsFull())
                {
                    continue;
                }
                list.Add(uid);
            }
            release.Add(pod);
        }
        return release;
    }

    // The list for a finished pod; null for one that does not count.
    private static List<string>? UncountedList(JobState state, JobOutcome? outcome, V1Pod pod, List<string> succeeded, List<string> failed)
    {
        if (pod.Status?.Phase == "Succeeded")
        {
            return succeeded;
        }
        // When the Job fails, its unfinished pods count as failed too.
        var fails = state.IsFailed(pod) || outcome is { Success: false };
        return fails && (!state.Job.IsIndexed() || state.HasIndex(pod)) && state.Evaluate(pod).Counts ? failed : null;
    }

    // Active pods are released when the Job ends, after they were deleted. A failed pod is not released while its replacement still needs
    // its failure count.
    private static bool MayRelease(JobState state, JobOutcome? outcome, V1Pod pod)
    {
        if (
            state.Job.Metadata.DeletionTimestamp is not null
            || pod.Status?.Phase == "Succeeded"
            || (outcome is not null && !pod.IsActive())
        )
        {
            return true;
        }
        return state.IsFailed(pod) && !state.IsAwaitingReplacement(pod);
    }
}
