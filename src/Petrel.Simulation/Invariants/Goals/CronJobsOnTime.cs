using System.Globalization;
using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>
/// Every CronJob that is not suspended has made the Job of its last time, unless its policy forbids; it lists just its unfinished Jobs as
/// active, and keeps no more finished ones than its history limits say. Scenarios' schedules are <c>M * * * *</c>, <c>*/M * * * *</c> and
/// <c>* * * * *</c>.
/// </summary>
public sealed class CronJobsOnTime : IGoal
{
    // A run that is due now may take so long.
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now) =>
        facts.Objects("/registry/batch/cronjobs/").Select(o => Unfinished(facts, o.Key, o.Value, now)).FirstOrDefault(u => u is not null);

    private static string? Unfinished(ClusterFacts facts, string key, JsonElement cron, DateTimeOffset now)
    {
        var jobs = facts.Objects("/registry/batch/jobs/").Select(o => o.Value).Where(j => j.ControllerUid() == cron.Uid()).ToList();
        var active = jobs.Where(j => !j.Is("Complete") && !j.Is("Failed")).ToList();
        var listed = cron.Items("status", "active").Select(r => r.Text("uid")).ToHashSet(StringComparer.Ordinal);
        if (!listed.SetEquals(active.Select(j => j.Uid())))
        {
            return $"{key}: status.active lists {listed.Count} Jobs, and {active.Count} are";
        }
        if (jobs.Count(j => j.Is("Complete")) > (cron.Number("spec", "successfulJobsHistoryLimit") ?? 3))
        {
            return $"{key} keeps {jobs.Count(j => j.Is("Complete"))} Jobs that succeeded";
        }
        if (jobs.Count(j => j.Is("Failed")) > (cron.Number("spec", "failedJobsHistoryLimit") ?? 1))
        {
            return $"{key} keeps {jobs.Count(j => j.Is("Failed"))} Jobs that failed";
        }
        if (
            cron.At("spec", "suspend") is { ValueKind: JsonValueKind.True }
            || cron.Text("spec", "concurrencyPolicy") == "Forbid" && active.Count > 0
        )
        {
            return null;
        }
        var due = LastTime(cron.Text("spec", "schedule"), now - Leeway);
        var made = cron.At("status", "lastScheduleTime")?.GetDateTimeOffset();
        return due <= cron.At("metadata", "creationTimestamp")!.Value.GetDateTimeOffset() || made >= due || IsTooLate(cron, due, now)
            ? null
            : $"{key} was due at {due:u} and has last run at "
                + $"{(made is { } time ? time.ToString("u", CultureInfo.InvariantCulture) : "no time")}";
    }

    private static bool IsTooLate(JsonElement cron, DateTimeOffset due, DateTimeOffset now) =>
        cron.Number("spec", "startingDeadlineSeconds") is { } deadline && now - due > TimeSpan.FromSeconds(deadline);

    /// <summary>The last time at or before <paramref name="until"/> that a schedule names.</summary>
    public static DateTimeOffset LastTime(string schedule, DateTimeOffset until)
    {
        var minutes = schedule.Split(' ')[0];
        var minute = new DateTimeOffset(until.Ticks - until.Ticks % TimeSpan.TicksPerMinute, until.Offset);
        while (!Matches(minutes, minute.Minute))
        {
            minute -= TimeSpan.FromMinutes(1);
        }
        return minute;
    }

    private static bool Matches(string minutes, int minute) =>
        minutes == "*"
        || (
            minutes.StartsWith("*/", StringComparison.Ordinal)
                ? minute % int.Parse(minutes[2..], CultureInfo.InvariantCulture) == 0
                : int.Parse(minutes, CultureInfo.InvariantCulture) == minute
        );
}
