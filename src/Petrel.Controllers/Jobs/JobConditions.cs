using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>The conditions of a job's status, its times, and the events that tell of them.</summary>
internal static class JobConditions
{
    /// <summary>
    /// Puts into the accounts' status what the situation and the verdict say, and answers with the events to record once it is written.
    /// </summary>
    public static IReadOnlyList<JobEvent> Set(JobAccounts accounts, JobSituation situation, JobVerdict? verdict, DateTimeOffset now)
    {
        var (status, job) = (accounts.Status, situation.Job);
        // The API's times are in whole seconds.
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        if (status.StartTime is null && !job.IsSuspended())
        {
            status.StartTime = now.UtcDateTime;
        }
        if (verdict is null)
        {
            return job.Metadata.DeletionTimestamp is null ? Suspension(status, job, now) : [];
        }
        if (!job.Has(verdict.Interim))
        {
            Put(status, verdict.Interim, "True", verdict.Reason, verdict.Message, now);
            return [];
        }
        return HasEnded(accounts, situation) ? End(status, job, verdict, now) : [];
    }

    private static List<JobEvent> Suspension(V1JobStatus status, V1Job job, DateTimeOffset now)
    {
        if (job.IsSuspended())
        {
            return Put(status, JobNames.Suspended, "True", "JobSuspended", "Job suspended", now)
                ? [new("Normal", "Suspended", "Job suspended")]
                : [];
        }
        if (!job.Has(JobNames.Suspended) || !Put(status, JobNames.Suspended, "False", "JobResumed", "Job resumed", now))
        {
            return [];
        }
        // The time that it was held does not count towards its deadline.
        status.StartTime = now.UtcDateTime;
        return [new("Normal", "Resumed", "Job resumed")];
    }

    // Nothing runs, nothing is on its way out, and everything is counted.
    private static bool HasEnded(JobAccounts accounts, JobSituation situation) =>
        situation.Active.Count == 0
        && situation.Terminating == 0
        && accounts.Release.Count == 0
        && accounts.Status.UncountedTerminatedPods is { Succeeded: null, Failed: null };

    private static List<JobEvent> End(V1JobStatus status, V1Job job, JobVerdict verdict, DateTimeOffset now)
    {
        Put(status, verdict.Terminal, "True", verdict.Reason, verdict.Message, now);
        if (!verdict.Success)
        {
            return [new("Warning", verdict.Reason, verdict.Message)];
        }
        status.CompletionTime = now.UtcDateTime;
        var completed = new JobEvent("Normal", "Completed", "Job completed");
        return status.Succeeded > job.Spec.Completions
            ? [new("Warning", "TooManySucceededPods", "Too many succeeded pods running after completion count reached"), completed]
            : [completed];
    }

    // Answers whether anything changed.
    private static bool Put(V1JobStatus status, string type, string value, string reason, string message, DateTimeOffset now)
    {
        status.Conditions ??= [];
        var condition = status.Conditions.FirstOrDefault(c => c.Type == type);
        if (condition is not null && condition.Status == value && condition.Reason == reason && condition.Message == message)
        {
            return false;
        }
        var put = new V1JobCondition
        {
            Type = type,
            Status = value,
            Reason = reason.Length == 0 ? null : reason,
            Message = message.Length == 0 ? null : message,
            LastProbeTime = now.UtcDateTime,
            LastTransitionTime = now.UtcDateTime,
        };
        if (condition is null)
        {
            status.Conditions.Add(put);
        }
        else
        {
            status.Conditions[status.Conditions.IndexOf(condition)] = put;
        }
        return true;
    }
}
