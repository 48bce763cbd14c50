using System.Globalization;
using k8s.Models;

namespace Petrel.Controllers.Tests.CronJobs;

/// <summary>CronJobs and their Jobs as the API returns them, for tests of plans.</summary>
internal static class CronJobObjects
{
    /// <summary>A CronJob as a user writes it.</summary>
    public static V1CronJob Manifest(string schedule, Action<V1CronJob>? change = null)
    {
        var cronJob = new V1CronJob
        {
            ApiVersion = "batch/v1",
            Kind = "CronJob",
            Metadata = new() { Name = "tick", NamespaceProperty = "default" },
            Spec = new()
            {
                Schedule = schedule,
                JobTemplate = new()
                {
                    Metadata = new()
                    {
                        Labels = new Dictionary<string, string> { ["from"] = "tick" },
                        Annotations = new Dictionary<string, string> { ["note"] = "n" },
                    },
                    Spec = new()
                    {
                        Template = new()
                        {
                            Spec = new() { RestartPolicy = "Never", Containers = [new() { Name = "main", Image = "worker:1" }] },
                        },
                    },
                },
            },
        };
        change?.Invoke(cronJob);
        return cronJob;
    }

    /// <summary>The same as the API stores it, created at noon.</summary>
    public static V1CronJob CronJob(string schedule, Action<V1CronJob>? change = null) => Manifest(schedule, cronJob =>
        {
            cronJob.Metadata.Uid = "cron-uid";
            cronJob.Metadata.CreationTimestamp = Time("2026-01-01T12:00:00Z").UtcDateTime;
            cronJob.Spec.ConcurrencyPolicy = "Allow";
            (cronJob.Spec.SuccessfulJobsHistoryLimit, cronJob.Spec.FailedJobsHistoryLimit) = (3, 1);
            change?.Invoke(cronJob);
        });

    public static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
