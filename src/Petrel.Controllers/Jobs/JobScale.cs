using k8s.Models;
using Petrel.Controllers.PodControl;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>A pod to create.</summary>
/// <param name="Index">Its completion index, for an indexed Job.</param>
/// <param name="Replaces">The failed pod that it replaces.</param>
public sealed record NewJobPod(int? Index = null, V1Pod? Replaces = null);

/// <summary>
/// The pods of a running Job that have to be deleted, tracked again or created, in this order. <see cref="RequeueAfter"/> is the delay
/// until more pods may be created.
/// </summary>
internal sealed record JobScale(
    IReadOnlyList<V1Pod> Delete,
    IReadOnlyList<V1Pod> Untracked,
    IReadOnlyList<NewJobPod> Create,
    TimeSpan? RequeueAfter = null
)
{
    /// <summary>The most pods that are created or deleted at once.</summary>
    public const int Burst = 500;

    /// <summary>Computes the pods. <paramref name="backoff"/> is the remaining delay after the Job's last failure.</summary>
    public static JobScale Of(JobState state, TimeSpan backoff, DateTimeOffset now)
    {
        var job = state.Job;
        var active = state.Active;
        var desired = job.IsSuspended() ? 0 : DesiredActive(state);
        var delete = Surplus(state, active.Count - desired, now);
        if (delete.Count > 0)
        {
            return new([.. delete.Take(Burst)], [], []);
        }
        // A pod lost its finalizer before a deletion that was not executed: it has to be counted again.
        IReadOnlyList<V1Pod> untracked = [.. active.Where(p => !p.IsTracked())];
        var missing = desired - active.Count - (job.ReplacesOnlyFailed() ? state.Terminating : 0);
        if (missing <= 0 || job.IsSuspended())
        {
            return new([], untracked, []);
        }
        if (!job.HasBackoffLimitPerIndex() && backoff > TimeSpan.Zero)
        {
            return new([], untracked, [], backoff);
        }
        missing = Math.Min(missing, Burst);
        return job.IsIndexed()
            ? Indexes(state, untracked, missing, now)
            : new([], untracked, [.. Enumerable.Repeat(new NewJobPod(), missing)]);
    }

    private static int DesiredActive(JobState state)
    {
        var spec = state.Job.Spec;
        var parallelism = spec.Parallelism ?? 1;
        if (spec.Completions is { } completions)
        {
            return Math.Clamp(completions - state.Succeeded, 0, parallelism);
        }
        // A work queue: after the first success, running pods may finish, and no more are created.
        return state.Succeeded > 0 ? state.Active.Count : parallelism;
    }

    // First pods without an index or with a duplicate one, then pods without the finalizer, which were chosen before, then the usual order.
    private static List<V1Pod> Surplus(JobState state, int surplus, DateTimeOffset now)
    {
        var order = new DeletionOrder([], now);
        List<V1Pod> delete = [];
        if (state.Job.IsIndexed())
        {
            delete.AddRange(state.Active.Where(p => !state.HasIndex(p)));
            foreach (var same in state.Active.Where(state.HasIndex).GroupBy(p => p.CompletionIndex()!.Value))
            {
                delete.AddRange(same.OrderBy(p => p.IsTracked()).ThenBy(p => p, order).SkipLast(1));
            }
        }
        if (surplus > delete.Count)
        {
            delete.AddRange(state.Active.Except(delete).OrderBy(p => p.IsTracked()).ThenBy(p => p, order).Take(surplus - delete.Count));
        }
        return delete;
    }

    private static JobScale Indexes(JobState state, IReadOnlyList<V1Pod> untracked, int missing, DateTimeOffset now)
    {
        var occupied = state.Active.Concat(state.Job.ReplacesOnlyFailed() ? state.Pods.Where(PodStates.IsTerminating) : []);
        var taken = state
            .Completed.Union(state.FailedIndexes)
            .Union(IndexRanges.Of(occupied.Select(p => p.CompletionIndex()).OfType<int>()));
        List<NewJobPod> create = [];
        TimeSpan? requeueAfter = null;
        foreach (var index in taken.Missing(state.Completions).Take(missing))
        {
            var failed = state.AwaitingReplacement.GetValueOrDefault(index);
            var remaining = failed is null
                ? TimeSpan.Zero
                : PodBackoff.Remaining(failed.FailuresBefore() + failed.IgnoredFailuresBefore() + 1, failed.FinishedAt(), now);
            if (remaining <= TimeSpan.Zero)
            {
                create.Add(new(index, failed));
            }
            else
            {
                requeueAfter = requeueAfter is null || remaining < requeueAfter ? remaining : requeueAfter;
            }
        }
        return new([], untracked, create, requeueAfter);
    }
}
