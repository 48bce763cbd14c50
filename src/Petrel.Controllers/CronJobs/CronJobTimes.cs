using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Model.Cron;

namespace Petrel.Controllers.CronJobs;

/// <summary>The scheduled time that a CronJob still has to start a Job for: the latest one, however many were missed.</summary>
/// <param name="Due">The time; null when no Job is due.</param>
/// <param name="RequeueAfter">When to sync requeueAfter; null when the schedule has no further time.</param>
/// <param name="Events">The events to record.</param>
public sealed record CronJobTimes(DateTimeOffset? Due, TimeSpan? RequeueAfter, IReadOnlyList<ControllerEvent> Events)
{
    private const int MaxMissedTimes = 101;

    /// <summary>The times of a CronJob that is neither suspended nor being deleted.</summary>
    public static CronJobTimes Compute(V1CronJob cronJob, DateTimeOffset now)
    {
        var (schedule, problem) = Read(cronJob);
        if (schedule is null)
        {
            return new(null, null, [problem!]);
        }
        var since = (cronJob.Status?.LastScheduleTime ?? cronJob.Metadata.CreationTimestamp ?? now.UtcDateTime).AsUtc();
        if (schedule.Next(since) is null)
        {
            var message = $"invalid schedule: {cronJob.Spec.Schedule} : time difference between two schedules is less than 1 second";
            return new(null, null, [new("Warning", "InvalidSchedule", message)]);
        }
        var last = schedule.Last(since, now, MaxMissedTimes);
        var requeueAfter = schedule.Next(last?.Time ?? since) - now;
        if (last is not { } missed)
        {
            return new(null, requeueAfter, []);
        }
        var recent = last;
        if (
            cronJob.Spec.StartingDeadlineSeconds is { } seconds
            && now.AddSeconds(-Math.Min(seconds, int.MaxValue)) is var deadline
            && deadline > since
        )
        {
            recent = missed.Time > deadline ? schedule.Last(deadline, now, MaxMissedTimes) : null;
        }
        if (recent is not { } due)
        {
            var message = $"Missed scheduled time to start a job: {missed.Time.UtcDateTime:ddd, dd MMM yyyy HH:mm:ss} +0000";
            return new(null, requeueAfter, [new("Warning", "MissSchedule", message)]);
        }
        return new(
            due.Time,
            requeueAfter,
            due.Count < MaxMissedTimes
                ? []
                :
                [
                    new(
                        "Warning",
                        "TooManyMissedTimes",
                        "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
                    ),
                ]
        );
    }

    private static (CronSchedule? Schedule, ControllerEvent? Problem) Read(V1CronJob cronJob)
    {
        TimeZoneInfo? zone = null;
        if (cronJob.Spec.TimeZone is { } name && !TimeZones.TryFind(name, out zone, out var problem))
        {
            return (null, new("Warning", "UnknownTimeZone", $"invalid timeZone: \"{name}\": {problem}"));
        }
        try
        {
            return (CronSchedule.Parse(cronJob.Spec.Schedule, zone), null);
        }
        catch (FormatException e)
        {
            return (null, new("Warning", "UnparseableSchedule", $"unparseable schedule: \"{cronJob.Spec.Schedule}\" : {e.Message}"));
        }
    }
}
