using k8s;
using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// The status that a CronJob should have by the Jobs that it controls. A Job that the CronJob started and that the status does not list yet
/// is added: it was created just now, or before a crash.
/// </summary>
public sealed record CronJobStatusPlan(V1CronJobStatus Status, bool IsChange, IReadOnlyList<ControllerEvent> Events)
{
    /// <summary>Computes the status.</summary>
    /// <param name="cronJob">The CronJob.</param>
    /// <param name="jobs">The Jobs that it controls.</param>
    /// <param name="gone">The uids of active Jobs that are known to be gone.</param>
    /// <param name="deleted">The uids of Jobs that this controller deleted.</param>
    public static CronJobStatusPlan Compute(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        IReadOnlySet<string> gone,
        IReadOnlySet<string> deleted
    )
    {
        var before = cronJob.Status ?? new();
        List<ControllerEvent> events = [];
        List<V1ObjectReference> active = [];
        foreach (var reference in before.Active ?? [])
        {
            var job = jobs.FirstOrDefault(j => j.Metadata.Uid == reference.Uid);
            if (job?.IsFinished() == true)
            {
                var condition = job.Has(JobNames.Complete) ? JobNames.Complete : JobNames.Failed;
                events.Add(new("Normal", "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {condition}"));
            }
            else if (job is null && gone.Contains(reference.Uid))
            {
                if (!deleted.Contains(reference.Uid))
                {
                    events.Add(new("Normal", "MissingJob", $"Active job went missing: {reference.Name}"));
                }
            }
            else if (job is null || !IsReplaced(cronJob, job))
            {
                active.Add(reference);
            }
        }
        var lastStart = before.LastScheduleTime;
        foreach (var job in jobs)
        {
            if (ScheduledJob.TimeOf(cronJob, job)?.UtcDateTime is { } time)
            {
                if (!job.IsFinished() && !IsReplaced(cronJob, job) && active.All(a => a.Uid != job.Metadata.Uid))
                {
                    active.Add(Reference(job));
                }
                lastStart = lastStart is { } known && known.AsUtc().UtcDateTime >= time ? lastStart : time;
            }
        }
        var status = new V1CronJobStatus
        {
            Active = active.Count == 0 ? null : active,
            LastScheduleTime = lastStart,
            LastSuccessfulTime = jobs.Where(j => j.Has(JobNames.Complete))
                .Select(j => j.Status.CompletionTime)
                .Append(before.LastSuccessfulTime)
                .Max(),
        };
        var change =
            !(before.Active ?? []).Select(a => a.Uid).SequenceEqual(active.Select(a => a.Uid))
            || before.LastScheduleTime != status.LastScheduleTime
            || before.LastSuccessfulTime != status.LastSuccessfulTime;
        return new(status, change, events);
    }

    /// <summary>The active Jobs of the status that are not among <paramref name="jobs"/>.</summary>
    public static IReadOnlyList<V1ObjectReference> Unseen(V1CronJob cronJob, IReadOnlyList<V1Job> jobs) =>
        [.. (cronJob.Status?.Active ?? []).Where(a => jobs.All(j => j.Metadata.Uid != a.Uid))];

    // With the policy Replace, a Job that is being deleted does not count as active.
    private static bool IsReplaced(V1CronJob cronJob, V1Job job) =>
        cronJob.Spec.ConcurrencyPolicy == "Replace" && job.Metadata.DeletionTimestamp is not null;

    private static V1ObjectReference Reference(V1Job job) =>
        new()
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Name = job.Metadata.Name,
            NamespaceProperty = job.Metadata.NamespaceProperty,
            Uid = job.Metadata.Uid,
            ResourceVersion = job.Metadata.ResourceVersion,
        };
}
