using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Where a job stands, from its status and its pods. What its counters say already, what waits in <c>status.uncountedTerminatedPods</c>,
/// and what only the pods with the tracking finalizer say yet, are added up here; nothing is counted twice, because a pod is in one of the
/// three only.
/// </summary>
internal sealed class JobState
{
    /// <summary><paramref name="pods"/> are the job's own.</summary>
    public JobState(V1Job job, IEnumerable<V1Pod> pods)
    {
        Job = job;
        Pods = [.. pods.OrderBy(p => job.IsIndexed() ? p.CompletionIndex() ?? -1 : 0).ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)];
        Active = [.. Pods.Where(PodStates.IsActive)];
        Terminating = Pods.Count(PodStates.IsTerminating);
        HashSet<string> uncountedSucceeded = [.. job.Status?.UncountedTerminatedPods?.Succeeded ?? []];
        HashSet<string> uncountedFailed = [.. job.Status?.UncountedTerminatedPods?.Failed ?? []];
        NewlySucceeded = [.. Pods.Where(p => IsNew(p, uncountedSucceeded) && p.Status?.Phase == "Succeeded")];
        NewlyFailed = [.. Pods.Where(p => IsNew(p, uncountedFailed) && IsFailed(p))];
        Failed = (job.Status?.Failed ?? 0) + uncountedFailed.Count + NewlyFailed.Count(p => Evaluate(p).Counts);
        Succeeded = (job.Status?.Succeeded ?? 0) + uncountedSucceeded.Count + NewlySucceeded.Count;
        CompletedBefore = Completed = FailedIndexes = IndexRanges.None;
        if (job.IsIndexed())
        {
            CompletedBefore = IndexRanges.Parse(job.Status?.CompletedIndexes, Completions);
            Completed = CompletedBefore.Union(IndexesOf(p => p.Status?.Phase == "Succeeded"));
            Succeeded = Completed.Count;
            if (job.HasBackoffLimitPerIndex())
            {
                FailedIndexes = IndexRanges.Parse(job.Status?.FailedIndexes, Completions).Union(IndexesOf(FailsItsIndex));
            }
        }
        AwaitingReplacement = job.IsIndexed() && job.HasBackoffLimitPerIndex() ? LastFailures() : [];
    }

    public V1Job Job { get; }

    /// <summary>The job's own pods, those of an indexed job in the order of their indexes.</summary>
    public IReadOnlyList<V1Pod> Pods { get; }

    /// <summary>The pods that run or will.</summary>
    public IReadOnlyList<V1Pod> Active { get; }

    /// <summary>How many pods were asked to go and have not ended.</summary>
    public int Terminating { get; }

    /// <summary>The pods that succeeded and are in no counter and no list of the status.</summary>
    public IReadOnlyList<V1Pod> NewlySucceeded { get; }

    /// <summary>
    /// The pods that failed and are in no counter and no list of the status; the failure policy may say that some do not count.
    /// </summary>
    public IReadOnlyList<V1Pod> NewlyFailed { get; }

    /// <summary>All successes; of an indexed job, all its indexes that succeeded.</summary>
    public int Succeeded { get; }

    /// <summary>All failures that count.</summary>
    public int Failed { get; }

    /// <summary>The indexes that the status says have succeeded.</summary>
    public IndexRanges CompletedBefore { get; }

    /// <summary>All indexes that have succeeded.</summary>
    public IndexRanges Completed { get; }

    /// <summary>The indexes that have failed for good; only with a back-off limit per index.</summary>
    public IndexRanges FailedIndexes { get; }

    /// <summary>
    /// By index, the failed pod whose successor is still to be made, with a back-off limit per index: it stays until then, because the
    /// number of its predecessors is nowhere else.
    /// </summary>
    public SortedDictionary<int, V1Pod> AwaitingReplacement { get; }

    public int Completions => Job.Spec.Completions ?? 0;

    /// <summary>Whether the pod is <see cref="AwaitingReplacement"/>.</summary>
    public bool IsAwaitingReplacement(V1Pod pod) =>
        pod.CompletionIndex() is { } index && AwaitingReplacement.GetValueOrDefault(index) == pod;

    /// <summary>
    /// Whether the pod is a failure: it failed, or it was deleted before it ended, unless such pods are waited for.
    /// </summary>
    public bool IsFailed(V1Pod pod) =>
        pod.Status?.Phase == "Failed"
        || (!Job.ReplacesOnlyFailed() && pod.Metadata.DeletionTimestamp is not null && pod.Status?.Phase != "Succeeded");

    /// <summary>What the job's failure policy says of a failed pod.</summary>
    public PodFailure Evaluate(V1Pod pod) => PodFailurePolicyRules.Evaluate(Job.Spec.PodFailurePolicy, pod);

    /// <summary>Whether the pod has an index of this job.</summary>
    public bool HasIndex(V1Pod pod) => pod.CompletionIndex() is { } index && index < Completions;

    private bool IsNew(V1Pod pod, HashSet<string> uncounted) =>
        pod.IsTracked() && !uncounted.Contains(pod.Metadata.Uid) && (!Job.IsIndexed() || HasIndex(pod));

    // The indexes of the pods that are still to be counted.
    private IndexRanges IndexesOf(Func<V1Pod, bool> condition) =>
        IndexRanges.Of(Pods.Where(p => p.IsTracked() && HasIndex(p) && condition(p)).Select(p => p.CompletionIndex()!.Value));

    private bool FailsItsIndex(V1Pod pod)
    {
        if (!IsFailed(pod))
        {
            return false;
        }
        var failure = Evaluate(pod);
        return failure.Action == PodFailure.FailIndex || (failure.Counts && pod.FailuresBefore() >= Job.Spec.BackoffLimitPerIndex);
    }

    private SortedDictionary<int, V1Pod> LastFailures()
    {
        var replaced = Active.Select(p => p.CompletionIndex()).ToHashSet();
        SortedDictionary<int, V1Pod> last = [];
        foreach (var pod in Pods.Where(p => p.IsTracked() && HasIndex(p) && IsFailed(p)))
        {
            var index = pod.CompletionIndex()!.Value;
            if (
                !Completed.Contains(index)
                && !FailedIndexes.Contains(index)
                && !replaced.Contains(index)
                && (!last.TryGetValue(index, out var other) || IsLater(pod, other))
            )
            {
                last[index] = pod;
            }
        }
        return last;
    }

    private static bool IsLater(V1Pod pod, V1Pod other) =>
        pod.FailuresBefore() + pod.IgnoredFailuresBefore() >= other.FailuresBefore() + other.IgnoredFailuresBefore()
        && pod.FinishedAt() >= other.FinishedAt();
}
