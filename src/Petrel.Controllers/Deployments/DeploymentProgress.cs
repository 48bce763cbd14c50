using k8s.Models;
using Petrel.Controllers.ReplicaSets;

namespace Petrel.Controllers.Deployments;

/// <summary>Whether a rollout gets on: what <c>kubectl rollout status</c> waits for.</summary>
internal static class DeploymentProgress
{
    /// <summary>
    /// Says in the status that the Deployment was paused or resumed, so that a pause does not count as a lack of progress.
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

    /// <summary>Completes a new status of a Deployment that rolls out. Answers when to look for progress again.</summary>
    public static TimeSpan? Complete(Rollout rollout, V1DeploymentStatus status)
    {
        if (!rollout.HasDeadline)
        {
            DeploymentConditions.Remove(status, DeploymentNames.Progressing);
        }
        else if (!IsOver(rollout, status))
        {
            Estimate(rollout, status);
        }
        CopyFailure(rollout, status);
        return RequeueAfter(rollout, status);
    }

    // Once complete, a rollout stays complete, whatever happens to its pods later.
    private static bool IsOver(Rollout rollout, V1DeploymentStatus status) =>
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
            // The deadline counts from the latest progress, so this one's time is always news.
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
        new DateTimeOffset(DateTime.SpecifyKind(condition.LastUpdateTime ?? default, DateTimeKind.Utc)).AddSeconds(
            rollout.Deployment.Spec.ProgressDeadlineSeconds ?? 0
        );

    // The failure of the newest ReplicaSet says more than an old one's.
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
        // A second more, because times in the API have whole seconds.
        var left = Deadline(rollout, condition) - rollout.Now;
        return (left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromSeconds(1);
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
