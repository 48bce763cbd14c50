using k8s.Models;
using Petrel.Controllers.ReplicaSets;

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
    public static JobScale Of(JobSituation situation, TimeSpan backoff, DateTimeOffset now)
    {
        var job = situation.Job;
        var active = situation.Active;
        var wanted = job.IsSuspended() ? 0 : Wanted(situation);
        var delete = Surplus(situation, active.Count - wanted, now);
        if (delete.Count > 0)
        {
            return new([.. delete.Take(Burst)], [], []);
        }
        // A pod lost its finalizer because it was to go, and then it was not: it has to be counted again.
        IReadOnlyList<V1Pod> track = [.. active.Where(p => !p.IsTracked())];
        var missing = wanted - active.Count - (job.ReplacesOnlyFailed() ? situation.Terminating : 0);
        if (missing <= 0 || job.IsSuspended())
        {
            return new([], track, []);
        }
        if (!job.HasLimitPerIndex() && backoff > TimeSpan.Zero)
        {
            return new([], track, [], backoff);
        }
        missing = Math.Min(missing, Burst);
        return job.IsIndexed() ? Indexes(situation, track, missing, now) : new([], track, [.. Enumerable.Repeat(new NewJobPod(), missing)]);
    }

    private static int Wanted(JobSituation situation)
    {
        var spec = situation.Job.Spec;
        var parallelism = spec.Parallelism ?? 1;
        if (spec.Completions is { } completions)
        {
            return Math.Clamp(completions - situation.Succeeded, 0, parallelism);
        }
        // A work queue: once one has succeeded, those that run are left to end.
        return situation.Succeeded > 0 ? situation.Active.Count : parallelism;
    }

    // Pods without an index or with another's; then those that have lost their finalizer, which were chosen before; then as everywhere.
    private static List<V1Pod> Surplus(JobSituation situation, int surplus, DateTimeOffset now)
    {
        var order = new DeletionOrder([], now);
        List<V1Pod> delete = [];
        if (situation.Job.IsIndexed())
        {
            delete.AddRange(situation.Active.Where(p => !situation.HasIndex(p)));
            foreach (var same in situation.Active.Where(situation.HasIndex).GroupBy(p => p.CompletionIndex()!.Value))
            {
                delete.AddRange(same.OrderBy(p => p.IsTracked()).ThenBy(p => p, order).SkipLast(1));
            }
        }
        if (surplus > delete.Count)
        {
            delete.AddRange(situation.Active.Except(delete).OrderBy(p => p.IsTracked()).ThenBy(p => p, order).Take(surplus - delete.Count));
        }
        return delete;
    }

    private static JobScale Indexes(JobSituation situation, IReadOnlyList<V1Pod> track, int missing, DateTimeOffset now)
    {
        var occupied = situation.Active.Concat(situation.Job.ReplacesOnlyFailed() ? situation.Pods.Where(PodStates.IsTerminating) : []);
        var taken = situation
            .Completed.Union(situation.FailedIndexes)
            .Union(IndexRanges.Of(occupied.Select(p => p.CompletionIndex()).OfType<int>()));
        List<NewJobPod> create = [];
        TimeSpan? wait = null;
        foreach (var index in taken.Missing(situation.Completions).Take(missing))
        {
            var failed = situation.Awaited.GetValueOrDefault(index);
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
