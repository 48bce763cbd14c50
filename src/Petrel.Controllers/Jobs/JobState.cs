using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// The state of a Job, from its status and its pods. It adds up the counters of the status, the uids in
/// <c>status.uncountedTerminatedPods</c>, and the finished pods that are in neither. Each pod is in only one of the three, so none is
/// counted twice.
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

    /// <summary>The Job's pods; for an indexed Job, in the order of their indexes.</summary>
    public IReadOnlyList<V1Pod> Pods { get; }

    /// <summary>The pods that run or will run.</summary>
    public IReadOnlyList<V1Pod> Active { get; }

    /// <summary>The number of pods that are being deleted and not finished.</summary>
    public int Terminating { get; }

    /// <summary>The pods that succeeded and are in neither the counters nor the lists of the status.</summary>
    public IReadOnlyList<V1Pod> NewlySucceeded { get; }

    /// <summary>
    /// The pods that failed and are in neither the counters nor the lists of the status. The failure policy may exclude some from the
    /// count.
    /// </summary>
    public IReadOnlyList<V1Pod> NewlyFailed { get; }

    /// <summary>All successes; for an indexed Job, all indexes that succeeded.</summary>
    public int Succeeded { get; }

    /// <summary>All failures that count.</summary>
    public int Failed { get; }

    /// <summary>The succeeded indexes in the status.</summary>
    public IndexRanges CompletedBefore { get; }

    /// <summary>All succeeded indexes.</summary>
    public IndexRanges Completed { get; }

    /// <summary>The indexes that failed for good; only with a backoff limit per index.</summary>
    public IndexRanges FailedIndexes { get; }

    /// <summary>
    /// By index, the failed pod whose replacement is still to be created; only with a backoff limit per index. It keeps its finalizer until
    /// then: only its annotations have the failure count.
    /// </summary>
    public SortedDictionary<int, V1Pod> AwaitingReplacement { get; }

    public int Completions => Job.Spec.Completions ?? 0;

    /// <summary>Whether the pod is <see cref="AwaitingReplacement"/>.</summary>
    public bool IsAwaitingReplacement(V1Pod pod) =>
        pod.CompletionIndex() is { } index && AwaitingReplacement.GetValueOrDefault(index) == pod;

    /// <summary>
    /// Whether the pod counts as failed: it failed, or it was deleted before it ended, unless the Job waits for such pods.
    /// </summary>
    public bool IsFailed(V1Pod pod) =>
        pod.Status?.Phase == "Failed"
        || (!Job.ReplacesOnlyFailed() && pod.Metadata.DeletionTimestamp is not null && pod.Status?.Phase != "Succeeded");

    /// <summary>Applies the failure policy to a failed pod.</summary>
    public PodFailure Evaluate(V1Pod pod) => PodFailurePolicyRules.Evaluate(Job.Spec.PodFailurePolicy, pod);

    /// <summary>Whether the pod has a valid index.</summary>
    public bool HasIndex(V1Pod pod) => pod.CompletionIndex() is { } index && index < Completions;

    private bool IsNew(V1Pod pod, HashSet<string> uncounted) =>
        pod.IsTracked() && !uncounted.Contains(pod.Metadata.Uid) && (!Job.IsIndexed() || HasIndex(pod));

    // The indexes of the pods that are not counted yet.
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
