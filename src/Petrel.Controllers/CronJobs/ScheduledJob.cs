using System.Globalization;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model.Cron;
using Petrel.Workloads;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// The Job that a CronJob creates for one scheduled time. Its name contains the time, so that a time never gets two Jobs. An annotation
/// contains it too.
/// </summary>
public static class ScheduledJob
{
    private const string ScheduledTimestamp = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    /// <summary>The Job's name: the CronJob's name and the minutes since 1970.</summary>
    public static string NameFor(V1CronJob cronJob, DateTimeOffset time) => $"{cronJob.Metadata.Name}-{time.ToUnixTimeSeconds() / 60}";

    /// <summary>The Job to create.</summary>
    public static V1Job From(V1CronJob cronJob, DateTimeOffset time)
    {
        // The template belongs to a cached object: the Job must share nothing with it.
        var template = cronJob.Spec.JobTemplate.DeepCopy();
        return new()
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new()
            {
                Name = NameFor(cronJob, time),
                NamespaceProperty = cronJob.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels,
                Annotations = new Dictionary<string, string>(template.Metadata?.Annotations ?? new Dictionary<string, string>())
                {
                    [ScheduledTimestamp] = FormatInZone(cronJob, time),
                },
                OwnerReferences = [OwnerReferences.ToController(cronJob)],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>The scheduled time of a Job; null when the CronJob did not create it.</summary>
    public static DateTimeOffset? TimeOf(V1CronJob cronJob, V1Job job) =>
        job.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(ScheduledTimestamp, out var text)
        && DateTimeOffset.TryParseExact(
            text,
            "yyyy-MM-dd'T'HH:mm:ssK",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var time
        )
        && job.Metadata.Name == NameFor(cronJob, time)
            ? time
            : null;

    // RFC 3339, in the CronJob's time zone.
    private static string FormatInZone(V1CronJob cronJob, DateTimeOffset time)
    {
        var zoned =
            cronJob.Spec.TimeZone is { } name && TimeZones.TryFind(name, out var zone, out _)
                ? TimeZoneInfo.ConvertTime(time, zone)
                : time.ToUniversalTime();
        return zoned.ToString(
            zoned.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz",
            CultureInfo.InvariantCulture
        );
    }
}
