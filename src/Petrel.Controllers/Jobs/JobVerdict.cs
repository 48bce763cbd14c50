using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// That a job is to end, and why. It is written down as an interim condition (FailureTarget or SuccessCriteriaMet) before anything is done
/// about it; the job ends when its pods have.
/// </summary>
internal sealed record JobVerdict(bool Success, string Reason, string Message)
{
    /// <summary>The condition that says what is coming.</summary>
    public string Interim => Success ? JobNames.SuccessCriteriaMet : JobNames.FailureTarget;

    /// <summary>The condition of the end.</summary>
    public string Terminal => Success ? JobNames.Complete : JobNames.Failed;

    /// <summary>The verdict that stands, or the one that the situation calls for; null while the job goes on.</summary>
    public static JobVerdict? Of(JobSituation situation, DateTimeOffset now)
    {
        var job = situation.Job;
        if (Standing(job, JobNames.SuccessCriteriaMet) is { } success)
        {
            return success;
        }
        return Standing(job, JobNames.FailureTarget)
            ?? FailedPod(situation)
            ?? PastLimits(situation, now)
            ?? Indexes(situation)
            ?? Done(situation);
    }

    /// <summary>How long until the deadline of a job that runs; null without one.</summary>
    public static TimeSpan? UntilDeadline(V1Job job, DateTimeOffset now)
    {
        if (job.Spec.ActiveDeadlineSeconds is not { } seconds || job.IsSuspended())
        {
            return null;
        }
        // A job that was resumed starts anew.
        var start = job.Status?.StartTime is { } since && !job.Has(JobNames.Suspended) ? PodStates.Utc(since) : now;
        return start.AddSeconds(Math.Min(seconds, int.MaxValue)) - now;
    }

    private static JobVerdict? Standing(V1Job job, string interim) =>
        job.Condition(interim) is { Status: "True" } condition
            ? new(interim == JobNames.SuccessCriteriaMet, condition.Reason ?? "", condition.Message ?? "")
            : null;

    private static JobVerdict? FailedPod(JobSituation situation)
    {
        if (situation.Job.Spec.PodFailurePolicy is null)
        {
            return null;
        }
        foreach (var pod in situation.Pods.Where(situation.IsFailed))
        {
            if (situation.Judge(pod) is { Action: PodFailure.FailJob, Message: { } message })
            {
                return new(false, JobNames.PodFailurePolicy, message);
            }
        }
        return null;
    }

    private static JobVerdict? PastLimits(JobSituation situation, DateTimeOffset now)
    {
        if (situation.Failed > Limit(situation.Job) || RestartedTooOften(situation))
        {
            return new(false, JobNames.BackoffLimitExceeded, "Job has reached the specified backoff limit");
        }
        return UntilDeadline(situation.Job, now) <= TimeSpan.Zero
            ? new(false, JobNames.DeadlineExceeded, "Job was active longer than specified deadline")
            : null;
    }

    // With restartPolicy OnFailure it is containers, not pods, that fail.
    private static bool RestartedTooOften(JobSituation situation)
    {
        if (situation.Job.Spec.Template.Spec.RestartPolicy != "OnFailure")
        {
            return false;
        }
        var restarts = situation
            .Pods.Where(p => p.Status?.Phase is "Running" or "Pending")
            .Sum(p => (p.Status.InitContainerStatuses ?? []).Concat(p.Status.ContainerStatuses ?? []).Sum(s => s.RestartCount));
        return Limit(situation.Job) == 0 ? restarts > 0 : restarts >= Limit(situation.Job);
    }

    private static int Limit(V1Job job) => job.Spec.BackoffLimit ?? 6;

    private static JobVerdict? Indexes(JobSituation situation)
    {
        var job = situation.Job;
        if (!job.IsIndexed())
        {
            return null;
        }
        var failed = situation.FailedIndexes.Count;
        if (job.HasLimitPerIndex() && failed > job.Spec.MaxFailedIndexes)
        {
            return new(false, JobNames.MaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes");
        }
        if (job.HasLimitPerIndex() && failed > 0 && failed + situation.Completed.Count >= situation.Completions)
        {
            return new(false, JobNames.FailedIndexes, "Job has failed indexes");
        }
        return SuccessRules.Match(job.Spec.SuccessPolicy, situation.Completed, situation.Completions) is { } message
            ? new(true, JobNames.SuccessPolicy, message)
            : null;
    }

    // Without a number of completions, one success is the success of all, once the others have ended.
    private static JobVerdict? Done(JobSituation situation)
    {
        var enough = situation.Job.Spec.Completions is { } completions ? situation.Succeeded >= completions : situation.Succeeded > 0;
        return enough && situation.Active.Count == 0
            ? new(true, JobNames.CompletionsReached, "Reached expected number of succeeded pods")
            : null;
    }
}
