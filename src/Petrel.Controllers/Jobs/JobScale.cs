using k8s.Models;
using Petrel.Controllers.PodControl;

namespace Petrel.Controllers.Jobs;

/// <summary>A pod to make: for which index, and in succession to which pod.</summary>
public sealed record NewJobPod(int? Index = null, V1Pod? Replaces = null);

/// <summary>
/// Which pods a job that goes on has too many, or too few: first those to delete, then those to take under the finalizer again, then those
/// to make. <see cref="Wait"/> is when more may be made.
/// </summary>
internal sealed record JobScale(
    IReadOnlyList<V1Pod> Delete,
    IReadOnlyList<V1Pod> Track,
    IReadOnlyList<NewJobPod> Create,
    TimeSpan? Wait = null
)
{
    /// <summary>No more pods than this are created or deleted at once.</summary>
    public const int Burst = 500;

    /// <summary>What to do; <paramref name="backoff"/> is how long the job has to wait after its last failure.</summary>
    public static JobScale Of(JobState state, TimeSpan backoff, DateTimeOffset now)
    {
        var job = state.Job;
        var active = state.Active;
        var wanted = job.IsSuspended() ? 0 : Wanted(state);
        var delete = Surplus(state, active.Count - wanted, now);
        if (delete.Count > 0)
        {
            return new([.. delete.Take(Burst)], [], []);
        }
        // A pod lost its finalizer because it was to go, and then it was not: it has to be counted again.
        IReadOnlyList<V1Pod> track = [.. active.Where(p => !p.IsTracked())];
        var missing = wanted - active.Count - (job.ReplacesOnlyFailed() ? state.Terminating : 0);
        if (missing <= 0 || job.IsSuspended())
        {
            return new([], track, []);
        }
        if (!job.HasBackoffLimitPerIndex() && backoff > TimeSpan.Zero)
        {
            return new([], track, [], backoff);
        }
        missing = Math.Min(missing, Burst);
        return job.IsIndexed() ? Indexes(state, track, missing, now) : new([], track, [.. Enumerable.Repeat(new NewJobPod(), missing)]);
    }

    private static int Wanted(JobState state)
    {
        var spec = state.Job.Spec;
        var parallelism = spec.Parallelism ?? 1;
        if (spec.Completions is { } completions)
        {
            return Math.Clamp(completions - state.Succeeded, 0, parallelism);
        }
        // A work queue: once one has succeeded, those that run are left to end.
        return state.Succeeded > 0 ? state.Active.Count : parallelism;
    }

    // Pods without an index or with another's; then those that have lost their finalizer, which were chosen before; then as everywhere.
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

    private static JobScale Indexes(JobState state, IReadOnlyList<V1Pod> track, int missing, DateTimeOffset now)
    {
        var occupied = state.Active.Concat(state.Job.ReplacesOnlyFailed() ? state.Pods.Where(PodStates.IsTerminating) : []);
        var taken = state
            .Completed.Union(state.FailedIndexes)
            .Union(IndexRanges.Of(occupied.Select(p => p.CompletionIndex()).OfType<int>()));
        List<NewJobPod> create = [];
        TimeSpan? wait = null;
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
                wait = wait is null || remaining < wait ? remaining : wait;
            }
        }
        return new([], track, create, wait);
    }
}
