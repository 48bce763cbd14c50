using k8s.Models;
using Petrel.Controllers.CronJobs;
using Petrel.Controllers.Framework;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.CronJobs.CronJobObjects;

namespace Petrel.Controllers.Tests.CronJobs;

public sealed class CronJobPlanTests
{
    private static readonly HashSet<string> None = [];

    [Theory]
    [InlineData("*/5 * * * *", null, "2026-01-01T12:04:00Z", null, 60)]
    [InlineData("*/5 * * * *", null, "2026-01-01T12:05:00Z", "2026-01-01T12:05:00Z", 300)]
    [InlineData("*/5 * * * *", "2026-01-01T12:05:00Z", "2026-01-01T12:06:00Z", null, 240)]
    [InlineData("*/5 * * * *", "2026-01-01T12:05:00Z", "2026-01-01T13:59:59Z", "2026-01-01T13:55:00Z", 1)]
    [InlineData("@every 7m", "2026-01-01T12:05:00Z", "2026-01-01T12:30:00Z", "2026-01-01T12:26:00Z", 180)]
    public void The_last_time_that_has_passed_is_due(string schedule, string? lastStart, string now, string? due, double again)
    {
        var times = CronJobTimes.Compute(CronJob(schedule, c => Started(c, lastStart)), Time(now));
        Assert.Equal((due is null ? null : Time(due), TimeSpan.FromSeconds(again)), (times.Due, times.RequeueAfter));
        Assert.Empty(times.Events);
    }

    [Fact]
    public void More_than_a_hundred_missed_times_are_reported_and_the_last_is_due()
    {
        var cronJob = CronJob("* * * * *");
        Assert.Empty(CronJobTimes.Compute(cronJob, Time("2026-01-01T13:40:30Z")).Events);
        var times = CronJobTimes.Compute(cronJob, Time("2026-01-01T13:41:30Z"));
        Assert.Equal(Time("2026-01-01T13:41:00Z"), times.Due);
        Assert.Equal("TooManyMissedTimes", Assert.Single(times.Events).Reason);
        Assert.Equal(Time("2036-01-01T00:00:00Z"), CronJobTimes.Compute(cronJob, Time("2036-01-01T00:00:59Z")).Due);
        // Within the deadline, there are few.
        cronJob.Spec.StartingDeadlineSeconds = 600;
        Assert.Empty(CronJobTimes.Compute(cronJob, Time("2026-01-01T13:41:30Z")).Events);
    }

    [Fact]
    public void A_time_that_is_past_its_deadline_is_missed()
    {
        var cronJob = CronJob("0 * * * *", c => c.Spec.StartingDeadlineSeconds = 100);
        Assert.Equal(Time("2026-01-01T13:00:00Z"), CronJobTimes.Compute(cronJob, Time("2026-01-01T13:01:30Z")).Due);
        var times = CronJobTimes.Compute(cronJob, Time("2026-01-01T13:02:00Z"));
        Assert.Equal((null, TimeSpan.FromMinutes(58)), (times.Due, times.RequeueAfter));
        Assert.Equal(
            new ControllerEvent("Warning", "MissSchedule", "Missed scheduled time to start a job: Thu, 01 Jan 2026 13:00:00 +0000"),
            Assert.Single(times.Events)
        );
    }

    [Theory]
    [InlineData("0 0 31 2 *", null, "InvalidSchedule")]
    [InlineData("0 0 99 * *", null, "UnparseableSchedule")]
    [InlineData("0 0 * * *", "Mars/Olympus", "UnknownTimeZone")]
    public void An_invalid_schedule_is_reported(string schedule, string? zone, string reason)
    {
        var times = CronJobTimes.Compute(CronJob(schedule, c => c.Spec.TimeZone = zone), Time("2026-06-01T00:00:00Z"));
        Assert.Equal((null, null, reason), (times.Due, times.RequeueAfter, Assert.Single(times.Events).Reason));
    }

    [Fact]
    public void The_schedule_is_in_its_time_zone()
    {
        var cronJob = CronJob("0 3 * * *", c => c.Spec.TimeZone = "Europe/Berlin");
        var due = CronJobTimes.Compute(cronJob, Time("2026-07-01T02:00:00Z")).Due;
        Assert.Equal(Time("2026-07-01T01:00:00Z"), due);
        var job = ScheduledJob.From(cronJob, due!.Value);
        Assert.Equal("2026-07-01T03:00:00+02:00", job.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
        Assert.Equal(due, ScheduledJob.TimeOf(cronJob, job));
    }

    [Fact]
    public void A_job_names_its_scheduled_time()
    {
        var cronJob = CronJob("* * * * *");
        var job = ScheduledJob.From(cronJob, Time("2026-01-01T12:01:00Z"));
        Assert.Equal($"tick-{Time("2026-01-01T12:01:00Z").ToUnixTimeSeconds() / 60}", job.Metadata.Name);
        Assert.Equal("2026-01-01T12:01:00Z", job.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
        Assert.Equal(("n", "tick"), (job.Metadata.Annotations["note"], job.Metadata.Labels["from"]));
        var owner = Assert.Single(job.Metadata.OwnerReferences);
        Assert.Equal(
            ("batch/v1", "CronJob", "cron-uid", true, true),
            (owner.ApiVersion, owner.Kind, owner.Uid, owner.Controller, owner.BlockOwnerDeletion)
        );
        Assert.Single(cronJob.Spec.JobTemplate.Metadata.Annotations); // The template is nobody's to change.
    }

    [Fact]
    public void A_job_that_the_status_lacks_is_added_with_its_time()
    {
        var cronJob = CronJob("* * * * *");
        var job = Job(cronJob, "2026-01-01T12:01:00Z");
        var plan = CronJobStatusPlan.Compute(cronJob, [job], None, None);
        Assert.True(plan.IsChange);
        Assert.Equal(
            (job.Metadata.Uid, Time("2026-01-01T12:01:00Z").UtcDateTime),
            (Assert.Single(plan.Status.Active).Uid, plan.Status.LastScheduleTime)
        );
        cronJob.Status = plan.Status;
        Assert.False(CronJobStatusPlan.Compute(cronJob, [job], None, None).IsChange);
    }

    [Fact]
    public void A_job_that_the_controller_did_not_create_is_not_added()
    {
        var cronJob = CronJob("* * * * *");
        var job = Job(cronJob, "2026-01-01T12:01:00Z");
        job.Metadata.Name = "manual";
        Assert.False(CronJobStatusPlan.Compute(cronJob, [job], None, None).IsChange);
    }

    [Fact]
    public void Finished_and_missing_jobs_leave_the_status()
    {
        var cronJob = CronJob("* * * * *");
        V1Job[] jobs = [.. Enumerable.Range(1, 4).Select(i => Job(cronJob, $"2026-01-01T12:0{i}:00Z"))];
        cronJob.Status = CronJobStatusPlan.Compute(cronJob, jobs, None, None).Status;
        Finish(jobs[0], "Complete", "2026-01-01T12:05:00Z");
        Finish(jobs[1], "Failed", "2026-01-01T12:06:00Z");
        Assert.Equal([jobs[2].Metadata.Uid], CronJobStatusPlan.Unseen(cronJob, [jobs[0], jobs[1], jobs[3]]).Select(a => a.Uid));
        var plan = CronJobStatusPlan.Compute(cronJob, [jobs[0], jobs[1], jobs[3]], new HashSet<string> { jobs[2].Metadata.Uid }, None);
        Assert.Equal(jobs[3].Metadata.Uid, Assert.Single(plan.Status.Active).Uid);
        Assert.Equal(Time("2026-01-01T12:05:00Z").UtcDateTime, plan.Status.LastSuccessfulTime);
        Assert.Equal(
            [
                new("Normal", "SawCompletedJob", $"Saw completed job: {jobs[0].Metadata.Name}, condition: Complete"),
                new("Normal", "SawCompletedJob", $"Saw completed job: {jobs[1].Metadata.Name}, condition: Failed"),
                new("Normal", "MissingJob", $"Active job went missing: {jobs[2].Metadata.Name}"),
            ],
            plan.Events
        );
    }

    [Fact]
    public void The_oldest_finished_jobs_are_surplus()
    {
        var cronJob = CronJob("* * * * *", c => (c.Spec.SuccessfulJobsHistoryLimit, c.Spec.FailedJobsHistoryLimit) = (2, 0));
        V1Job[] jobs = [.. Enumerable.Range(1, 6).Select(i => Job(cronJob, $"2026-01-01T12:0{i}:00Z"))];
        foreach (var (job, i) in jobs.Select((j, i) => (j, i)))
        {
            Finish(job, i == 4 ? "Failed" : "Complete", $"2026-01-01T12:{20 - i}:00Z");
            job.Status.StartTime = Time($"2026-01-01T12:0{i}:00Z").UtcDateTime;
        }
        jobs[5].Status.Conditions = null;
        Assert.Equal([jobs[0], jobs[1], jobs[4]], CronJobHistoryLimits.Surplus(cronJob, [.. jobs.Reverse()]));
        cronJob.Spec.FailedJobsHistoryLimit = null;
        jobs[0].Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Assert.Equal([jobs[1]], CronJobHistoryLimits.Surplus(cronJob, jobs));
    }

    private static V1Job Job(V1CronJob cronJob, string time)
    {
        var job = ScheduledJob.From(cronJob, Time(time));
        job.Metadata.Uid = "uid-" + time;
        job.Status = new();
        return job;
    }

    private static void Finish(V1Job job, string condition, string time)
    {
        job.Status.Conditions = [new() { Type = condition, Status = "True" }];
        job.Status.CompletionTime = condition == "Complete" ? Time(time).UtcDateTime : null;
    }

    private static void Started(V1CronJob cronJob, string? time) =>
        cronJob.Status = time is null ? null : new() { LastScheduleTime = Time(time).UtcDateTime };
}
