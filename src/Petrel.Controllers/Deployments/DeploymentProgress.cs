using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Controllers.ReplicaSets;

namespace Petrel.Controllers.Deployments;

/// <summary>The condition Progressing, which <c>kubectl rollout status</c> waits for.</summary>
internal static class DeploymentProgress
{
    /// <summary>
    /// Sets the condition when the Deployment was paused or resumed, so that the pause does not count as a lack of progress.
    /// </summary>
    public static void SetPausedCondition(Rollout rollout)
    {
        var current = DeploymentConditions.Find(rollout.Status, DeploymentNames.Progressing);
        if (!rollout.HasDeadline || current?.Reason == DeploymentNames.DeadlineExceeded)
        {
            return;
        }
        var paused = rollout.Deployment.Spec.Paused == true;
        if (paused != (current?.Reason == DeploymentNames.Paused))
        {
            Set(
                rollout.Status,
                rollout,
                "Unknown",
                paused ? DeploymentNames.Paused : DeploymentNames.Resumed,
                paused ? "Deployment is paused" : "Deployment is resumed"
            );
        }
    }

    /// <summary>Completes the new status during a rollout. Returns when to check the progress again.</summary>
    public static TimeSpan? Complete(Rollout rollout, V1DeploymentStatus status)
    {
        if (!rollout.HasDeadline)
        {
            DeploymentConditions.Remove(status, DeploymentNames.Progressing);
        }
        else if (!IsComplete(rollout, status))
        {
            Estimate(rollout, status);
        }
        CopyFailure(rollout, status);
        return RequeueAfter(rollout, status);
    }

    // A complete rollout stays complete, whatever happens to its pods later.
    private static bool IsComplete(Rollout rollout, V1DeploymentStatus status) =>
        status.Replicas == status.UpdatedReplicas
        && DeploymentConditions.Find(rollout.Status, DeploymentNames.Progressing)?.Reason == DeploymentNames.ReplicaSetAvailable;

    private static void Estimate(Rollout rollout, V1DeploymentStatus status)
    {
        var subject = rollout.New is { } set ? $"ReplicaSet \"{set.Metadata.Name}\"" : $"Deployment \"{rollout.Deployment.Metadata.Name}\"";
        if (DeploymentStatuses.IsComplete(rollout.Deployment, status))
        {
            Set(status, rollout, "True", DeploymentNames.ReplicaSetAvailable, $"{subject} has successfully progressed.");
        }
        else if (HasProgress(rollout.Status, status))
        {
            // The deadline counts from the latest progress: so the time is always updated.
            Set(status, rollout, "True", DeploymentNames.ReplicaSetUpdated, $"{subject} is progressing.", refresh: true);
        }
        else if (HasTimedOut(rollout, status))
        {
            Set(status, rollout, "False", DeploymentNames.DeadlineExceeded, $"{subject} has timed out progressing.");
        }
    }

    private static bool HasProgress(V1DeploymentStatus before, V1DeploymentStatus after) =>
        (after.UpdatedReplicas ?? 0) > (before.UpdatedReplicas ?? 0)
        || OldReplicas(after) < OldReplicas(before)
        || (after.ReadyReplicas ?? 0) > (before.ReadyReplicas ?? 0)
        || (after.AvailableReplicas ?? 0) > (before.AvailableReplicas ?? 0);

    private static int OldReplicas(V1DeploymentStatus status) => (status.Replicas ?? 0) - (status.UpdatedReplicas ?? 0);

    private static bool HasTimedOut(Rollout rollout, V1DeploymentStatus status) =>
        DeploymentConditions.Find(status, DeploymentNames.Progressing) switch
        {
            null or { Reason: DeploymentNames.ReplicaSetAvailable } => false,
            { Reason: DeploymentNames.DeadlineExceeded } => true,
            var condition => rollout.Now > Deadline(rollout, condition),
        };

    private static DateTimeOffset Deadline(Rollout rollout, V1DeploymentCondition condition) =>
        (condition.LastUpdateTime ?? default).AsUtc().AddSeconds(rollout.Deployment.Spec.ProgressDeadlineSeconds ?? 0);

    // A failure of the newest ReplicaSet takes precedence over one of an old ReplicaSet.
    private static void CopyFailure(Rollout rollout, V1DeploymentStatus status)
    {
        var sets = rollout.New is { } set ? rollout.Old.Prepend(set) : rollout.Old;
        var failure = sets.SelectMany(s => s.Status?.Conditions ?? []).FirstOrDefault(c => c.Type == DeploymentNames.ReplicaFailure);
        if (failure is null)
        {
            DeploymentConditions.Remove(status, DeploymentNames.ReplicaFailure);
            return;
        }
        DeploymentConditions.Set(
            status,
            new()
            {
                Type = failure.Type,
                Status = failure.Status,
                Reason = failure.Reason,
                Message = failure.Message,
                LastTransitionTime = failure.LastTransitionTime,
                LastUpdateTime = failure.LastTransitionTime,
            }
        );
    }

    private static TimeSpan? RequeueAfter(Rollout rollout, V1DeploymentStatus status)
    {
        if (
            DeploymentConditions.Find(status, DeploymentNames.Progressing) is not { } condition
            || condition.Reason is DeploymentNames.DeadlineExceeded or DeploymentNames.ReplicaSetAvailable
        )
        {
            return null;
        }
        // Add a second, because times of the API have whole seconds.
        var remaining = Deadline(rollout, condition) - rollout.Now;
        return (remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero) + TimeSpan.FromSeconds(1);
    }

    private static void Set(
        V1DeploymentStatus status,
        Rollout rollout,
        string value,
        string reason,
        string message,
        bool refresh = false
    ) =>
        DeploymentConditions.Set(
            status,
            DeploymentConditions.New(DeploymentNames.Progressing, value, reason, message, rollout.Now),
            refresh
        );
}
