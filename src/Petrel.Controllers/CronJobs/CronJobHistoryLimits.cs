using k8s.Models;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers.CronJobs;

/// <summary>The finished Jobs of a CronJob beyond its history limits: the oldest successful ones and the oldest failed ones.</summary>
public static class CronJobHistoryLimits
{
    public static IReadOnlyList<V1Job> Surplus(V1CronJob cronJob, IReadOnlyList<V1Job> jobs) =>
        [
            .. Oldest(jobs.Where(j => j.Has(JobNames.Complete)), cronJob.Spec.SuccessfulJobsHistoryLimit),
            .. Oldest(jobs.Where(j => j.Has(JobNames.Failed)), cronJob.Spec.FailedJobsHistoryLimit),
        ];

    private static IEnumerable<V1Job> Oldest(IEnumerable<V1Job> jobs, int? limit)
    {
        // A Job that is being deleted does not count.
        List<V1Job> kept = [.. jobs.Where(j => j.Metadata.DeletionTimestamp is null)];
        return kept.OrderBy(j => j.Status.StartTime ?? DateTime.MaxValue)
            .ThenBy(j => j.Metadata.Name, StringComparer.Ordinal)
            .Take(limit is { } most ? kept.Count - most : 0);
    }
}
