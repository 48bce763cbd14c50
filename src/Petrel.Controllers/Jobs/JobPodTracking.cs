using k8s;
using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// The counting of pods, such that none is lost and none counted twice whatever ends between two steps: a pod that ended is written into
/// the status (its uid, or its index); then it loses its finalizer; then its uid is replaced by one more in the counter. <see
/// cref="Status"/> is what the status should be, and <see cref="Release"/> the pods that may lose their finalizer once it is.
/// </summary>
internal sealed record JobPodTracking(V1JobStatus Status, IReadOnlyList<V1Pod> Release)
{
    /// <summary>No more uids than this are in a status at a time: they are long.</summary>
    public const int MaxUncounted = 500;

    /// <summary>The tracking of a job, without its conditions.</summary>
    public static JobPodTracking Of(JobState state, JobOutcome? outcome)
    {
        var job = state.Job;
        var status = KubernetesJson.Deserialize<V1JobStatus>(KubernetesJson.Serialize(job.Status ?? new()));
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

    // Notes what has ended and is not noted yet, as far as there is room; what finds none has its turn later.
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
                // An index counts itself: it succeeds only once.
                var isNew = !isRecorded && state.HasIndex(pod) && !state.CompletedBefore.Contains(pod.CompletionIndex()!.Value);
                if (isNew && IsFull())
                {
                    continue;
                }
                newIndexes += isNew ? 1 : 0;
            }
            else if (!isRecorded && UncountedList(state, outcome, pod, succeeded, failed) is { } side)
            {
                if (IsFull())
                {
                    continue;
                }
                side.Add(uid);
            }
            release.Add(pod);
        }
        return release;
    }

    // Where a pod that has ended belongs; null for one that does not count.
    private static List<string>? UncountedList(JobState state, JobOutcome? outcome, V1Pod pod, List<string> succeeded, List<string> failed)
    {
        if (pod.Status?.Phase == "Succeeded")
        {
            return succeeded;
        }
        // With the job's failure, whatever has not ended fails too.
        var fails = state.IsFailed(pod) || outcome is { Success: false };
        return fails && (!state.Job.IsIndexed() || state.HasIndex(pod)) && state.Evaluate(pod).Counts ? failed : null;
    }

    // What runs is released when the job ends, after it was told to go; a failure whose number of predecessors is still to be passed on, is
    // not.
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
