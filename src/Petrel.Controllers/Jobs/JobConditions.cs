using k8s.Models;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Jobs;

/// <summary>The conditions and times in a Job's status, and the events about them.</summary>
internal static class JobConditions
{
    /// <summary>Sets the conditions and times. Returns the events to record once the status is written.</summary>
    public static IReadOnlyList<ControllerEvent> Set(JobPodTracking tracking, JobState state, JobOutcome? outcome, DateTimeOffset now)
    {
        var (status, job) = (tracking.Status, state.Job);
        // Times of the API are whole seconds.
        now = now.WholeSeconds();
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

    private static List<ControllerEvent> Suspension(V1JobStatus status, V1Job job, DateTimeOffset now)
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
        // The time of the suspension does not count towards the deadline.
        status.StartTime = now.UtcDateTime;
        return [new("Normal", "Resumed", "Job resumed")];
    }

    // No pod is active or terminating, and all are counted.
    private static bool HasEnded(JobPodTracking tracking, JobState state) =>
        state.Active.Count == 0
        && state.Terminating == 0
        && tracking.Release.Count == 0
        && tracking.Status.UncountedTerminatedPods is { Succeeded: null, Failed: null };

    private static List<ControllerEvent> End(V1JobStatus status, V1Job job, JobOutcome outcome, DateTimeOffset now)
    {
        SetCondition(status, outcome.Terminal, "True", outcome.Reason, outcome.Message, now);
        if (!outcome.Success)
        {
            return [new("Warning", outcome.Reason, outcome.Message)];
        }
        status.CompletionTime = now.UtcDateTime;
        var completed = new ControllerEvent("Normal", "Completed", "Job completed");
        return status.Succeeded > job.Spec.Completions
            ? [new("Warning", "TooManySucceededPods", "Too many succeeded pods running after completion count reached"), completed]
            : [completed];
    }

    // Returns whether anything changed.
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
