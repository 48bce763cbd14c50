using k8s;
using k8s.Models;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// The status that a CronJob should have by the jobs that it controls, and what there is to say about the change. A job that the CronJob
/// started and that its status does not know yet (it was created a moment ago, or by a program that ended then) is put into it.
/// </summary>
public sealed record CronJobStatusPlan(V1CronJobStatus Status, bool IsChange, IReadOnlyList<JobEvent> Events)
{
    /// <summary>
    /// The status. <paramref name="gone"/> has the uids of active jobs that are known not to exist any more, <paramref name="deleted"/> the
    /// uids of those that this controller deleted itself.
    /// </summary>
    public static CronJobStatusPlan Compute(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        IReadOnlySet<string> gone,
        IReadOnlySet<string> deleted
    )
    {
        var before = cronJob.Status ?? new();
        List<JobEvent> events = [];
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
                lastStart = lastStart is { } known && PodStates.Utc(known).UtcDateTime >= time ? lastStart : time;
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

    /// <summary>The active jobs that are not among the CronJob's jobs.</summary>
    public static IReadOnlyList<V1ObjectReference> Unseen(V1CronJob cronJob, IReadOnlyList<V1Job> jobs) =>
        [.. (cronJob.Status?.Active ?? []).Where(a => jobs.All(j => j.Metadata.Uid != a.Uid))];

    // What is on its way out does not stand in its successor's way.
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
