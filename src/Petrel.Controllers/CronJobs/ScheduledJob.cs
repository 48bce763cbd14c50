using System.Globalization;
using k8s;
using k8s.Models;
using Petrel.Controllers.PodControl;
using Petrel.Model.Cron;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// The job that a CronJob starts for one time of its schedule. Its name says which, so that there is never a second one; so does an
/// annotation.
/// </summary>
public static class ScheduledJob
{
    private const string ScheduledTimestamp = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    /// <summary>The job's name: the CronJob's and the minutes since the epoch.</summary>
    public static string NameFor(V1CronJob cronJob, DateTimeOffset time) => $"{cronJob.Metadata.Name}-{time.ToUnixTimeSeconds() / 60}";

    /// <summary>The job to create.</summary>
    public static V1Job From(V1CronJob cronJob, DateTimeOffset time)
    {
        // The copy keeps the shared template out of whatever happens to the job.
        var template = KubernetesJson.Deserialize<V1JobTemplateSpec>(KubernetesJson.Serialize(cronJob.Spec.JobTemplate));
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
                    [ScheduledTimestamp] = Shown(cronJob, time),
                },
                OwnerReferences = [PodOwner.Of(cronJob).Reference],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>The time for which a CronJob started a job; null for a job that something else made, if only in its name.</summary>
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

    // RFC 3339, as clocks of the CronJob's zone show it.
    private static string Shown(V1CronJob cronJob, DateTimeOffset time)
    {
        var shown =
            cronJob.Spec.TimeZone is { } name && TimeZones.TryFind(name, out var zone, out _)
                ? TimeZoneInfo.ConvertTime(time, zone)
                : time.ToUniversalTime();
        return shown.ToString(
            shown.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz",
            CultureInfo.InvariantCulture
        );
    }
}
