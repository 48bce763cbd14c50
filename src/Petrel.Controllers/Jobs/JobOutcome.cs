using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// How a Job ends, and why. It is written as an interim condition (FailureTarget or SuccessCriteriaMet) before pods are deleted. The Job
/// ends when its pods have ended.
/// </summary>
internal sealed record JobOutcome(bool Success, string Reason, string Message)
{
    /// <summary>The interim condition.</summary>
    public string Interim => Success ? JobNames.SuccessCriteriaMet : JobNames.FailureTarget;

    /// <summary>The final condition.</summary>
    public string Terminal => Success ? JobNames.Complete : JobNames.Failed;

    /// <summary>
    /// The outcome that an interim condition has recorded, or the one that follows from the state; null while the Job continues.
    /// </summary>
    public static JobOutcome? Compute(JobState state, DateTimeOffset now)
    {
        var job = state.Job;
        if (FromCondition(job, JobNames.SuccessCriteriaMet) is { } success)
        {
            return success;
        }
        return FromCondition(job, JobNames.FailureTarget)
            ?? FailedByPodPolicy(state)
            ?? ExceededLimit(state, now)
            ?? Indexes(state)
            ?? Completed(state);
    }

    /// <summary>How long until the deadline of a running Job; null without one.</summary>
    public static TimeSpan? UntilDeadline(V1Job job, DateTimeOffset now)
    {
        if (job.Spec.ActiveDeadlineSeconds is not { } seconds || job.IsSuspended())
        {
            return null;
        }
        // After a resumption, the deadline starts again.
        var start = job.Status?.StartTime is { } since && !job.Has(JobNames.Suspended) ? since.AsUtc() : now;
        return start.AddSeconds(Math.Min(seconds, int.MaxValue)) - now;
    }

    private static JobOutcome? FromCondition(V1Job job, string interim) =>
        job.Condition(interim) is { Status: "True" } condition
            ? new(interim == JobNames.SuccessCriteriaMet, condition.Reason ?? "", condition.Message ?? "")
            : null;

    private static JobOutcome? FailedByPodPolicy(JobState state)
    {
        if (state.Job.Spec.PodFailurePolicy is null)
        {
            return null;
        }
        foreach (var pod in state.Pods.Where(state.IsFailed))
        {
            if (state.Evaluate(pod) is { Action: PodFailure.FailJob, Message: { } message })
            {
                return new(false, JobNames.PodFailurePolicy, message);
            }
        }
        return null;
    }

    private static JobOutcome? ExceededLimit(JobState state, DateTimeOffset now)
    {
        if (state.Failed > Limit(state.Job) || ExceedsRestartLimit(state))
        {
            return new(false, JobNames.BackoffLimitExceeded, "Job has reached the specified backoff limit");
        }
        return UntilDeadline(state.Job, now) <= TimeSpan.Zero
            ? new(false, JobNames.DeadlineExceeded, "Job was active longer than specified deadline")
            : null;
    }

    // With restartPolicy OnFailure, restarts of containers count instead of failed pods.
    private static bool ExceedsRestartLimit(JobState state)
    {
        if (state.Job.Spec.Template.Spec.RestartPolicy != "OnFailure")
        {
            return false;
        }
        var restarts = state
            .Pods.Where(p => p.Status?.Phase is "Running" or "Pending")
            .Sum(p => (p.Status.InitContainerStatuses ?? []).Concat(p.Status.ContainerStatuses ?? []).Sum(s => s.RestartCount));
        return Limit(state.Job) == 0 ? restarts > 0 : restarts >= Limit(state.Job);
    }

    private static int Limit(V1Job job) => job.Spec.BackoffLimit ?? 6;

    private static JobOutcome? Indexes(JobState state)
    {
        var job = state.Job;
        if (!job.IsIndexed())
        {
            return null;
        }
        var failed = state.FailedIndexes.Count;
        if (job.HasBackoffLimitPerIndex() && failed > job.Spec.MaxFailedIndexes)
        {
            return new(false, JobNames.MaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes");
        }
        if (job.HasBackoffLimitPerIndex() && failed > 0 && failed + state.Completed.Count >= state.Completions)
        {
            return new(false, JobNames.FailedIndexes, "Job has failed indexes");
        }
        return SuccessPolicyRules.Match(job.Spec.SuccessPolicy, state.Completed, state.Completions) is { } message
            ? new(true, JobNames.SuccessPolicy, message)
            : null;
    }

    // Without a number of completions, one success completes the Job once the other pods have ended.
    private static JobOutcome? Completed(JobState state)
    {
        var isDone = state.Job.Spec.Completions is { } completions ? state.Succeeded >= completions : state.Succeeded > 0;
        return isDone && state.Active.Count == 0
            ? new(true, JobNames.CompletionsReached, "Reached expected number of succeeded pods")
            : null;
    }
}
