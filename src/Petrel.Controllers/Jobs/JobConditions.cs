using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>The conditions of a job's status, its times, and the events that tell of them.</summary>
internal static class JobConditions
{
    /// <summary>
    /// Puts into the tracked status what the state and the outcome say, and answers with the events to record once it is written.
    /// </summary>
    public static IReadOnlyList<JobEvent> Set(JobPodTracking tracking, JobState state, JobOutcome? outcome, DateTimeOffset now)
    {
        var (status, job) = (tracking.Status, state.Job);
        // The API's times are in whole seconds.
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        if (status.StartTime is null && !job.IsSuspended())
        {
            status.StartTime = now.UtcDateTime;
        }
        if (outcome is null)
        {
            return job.Metadata.DeletionTimestamp is null ? Suspension(status, job, now) : [];
        }
        if (!job.Has(outcome.Interim))
        {
            SetCondition(status, outcome.Interim, "True", outcome.Reason, outcome.Message, now);
            return [];
        }
        return HasEnded(tracking, state) ? End(status, job, outcome, now) : [];
    }

    private static List<JobEvent> Suspension(V1JobStatus status, V1Job job, DateTimeOffset now)
    {
        if (job.IsSuspended())
        {
            return SetCondition(status, JobNames.Suspended, "True", "JobSuspended", "Job suspended", now)
                ? [new("Normal", "Suspended", "Job suspended")]
                : [];
        }
        if (!job.Has(JobNames.Suspended) || !SetCondition(status, JobNames.Suspended, "False", "JobResumed", "Job resumed", now))
        {
            return [];
        }
        // The time that it was held does not count towards its deadline.
        status.StartTime = now.UtcDateTime;
        return [new("Normal", "Resumed", "Job resumed")];
    }

    // Nothing runs, nothing is on its way out, and everything is counted.
    private static bool HasEnded(JobPodTracking tracking, JobState state) =>
        state.Active.Count == 0
        && state.Terminating == 0
        && tracking.Release.Count == 0
        && tracking.Status.UncountedTerminatedPods is { Succeeded: null, Failed: null };

    private static List<JobEvent> End(V1JobStatus status, V1Job job, JobOutcome outcome, DateTimeOffset now)
    {
        SetCondition(status, outcome.Terminal, "True", outcome.Reason, outcome.Message, now);
        if (!outcome.Success)
        {
            return [new("Warning", outcome.Reason, outcome.Message)];
        }
        status.CompletionTime = now.UtcDateTime;
        var completed = new JobEvent("Normal", "Completed", "Job completed");
        return status.Succeeded > job.Spec.Completions
            ? [new("Warning", "TooManySucceededPods", "Too many succeeded pods running after completion count reached"), completed]
            : [completed];
    }

    // Answers whether anything changed.
    private static bool SetCondition(V1JobStatus status, string type, string value, string reason, string message, DateTimeOffset now)
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
