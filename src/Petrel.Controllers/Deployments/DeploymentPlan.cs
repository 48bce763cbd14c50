using k8s;
using k8s.Models;
using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.Deployments;

/// <summary>What to do about a Deployment now. Every step leads to another plan, made when the caches show its result.</summary>
/// <param name="Actions">To be done in order.</param>
/// <param name="RequeueAfter">When to plan again even if nothing changes.</param>
public sealed record DeploymentPlan(IReadOnlyList<DeploymentAction> Actions, TimeSpan? RequeueAfter)
{
    /// <summary>Plans the next step.</summary>
    /// <param name="deployment">The Deployment.</param>
    /// <param name="replicaSets">At least those that it controls and those in its namespace that nobody controls.</param>
    /// <param name="pods">For the strategy Recreate: at least all pods of its ReplicaSets.</param>
    /// <param name="now">The time.</param>
    public static DeploymentPlan Compute(
        V1Deployment deployment,
        IReadOnlyList<V1ReplicaSet> replicaSets,
        IReadOnlyList<V1Pod> pods,
        DateTimeOffset now
    )
    {
        var selector = Ownership.Selector(deployment);
        if (selector.IsEverything)
        {
            return RejectSelectAll(deployment);
        }
        var deleted = deployment.Metadata.DeletionTimestamp is not null;
        var owned = new List<V1ReplicaSet>();
        var claims = new List<DeploymentAction>();
        foreach (var set in replicaSets)
        {
            var matches = Ownership.Matches(selector, set);
            var owner = Ownership.Controller(set);
            if (owner is null && matches && !deleted && set.Metadata.DeletionTimestamp is null)
            {
                claims.Add(new AdoptReplicaSet(Ownership.Adopted(deployment, set)));
            }
            else if (owner?.Uid == deployment.Metadata.Uid && matches)
            {
                owned.Add(set);
            }
            else if (owner?.Uid == deployment.Metadata.Uid && !deleted)
            {
                claims.Add(new UpdateReplicaSet(Ownership.Released(deployment, set), null));
            }
        }
        return claims.Count > 0 ? new(claims, null) : Next(deployment, new Rollout(deployment, owned, now), pods);
    }

    private static DeploymentPlan Next(V1Deployment deployment, Rollout rollout, IReadOnlyList<V1Pod> pods)
    {
        if (deployment.Metadata.DeletionTimestamp is not null)
        {
            return Finish(deployment, rollout, isRollout: false);
        }
        DeploymentProgress.SetPausedCondition(rollout);
        if (!IsNewUpToDate(rollout))
        {
            return Finish(deployment, rollout, isRollout: false);
        }
        if (deployment.Spec.Paused == true)
        {
            ProportionalScaling.Plan(rollout);
            OldReplicaSetCleanup.Plan(rollout);
            return Finish(deployment, rollout, isRollout: false);
        }
        if (ProportionalScaling.IsNeeded(rollout))
        {
            ProportionalScaling.Plan(rollout);
            return Finish(deployment, rollout, isRollout: false);
        }
        if (RolloutBounds.IsRolling(deployment.Spec))
        {
            RollingUpdateStrategy.Plan(rollout);
        }
        else
        {
            RecreateStrategy.Plan(rollout, pods);
        }
        return Finish(deployment, rollout, isRollout: true);
    }

    // A ReplicaSet that became the newest, by a rollback for example, first gets its number and the Deployment's annotations.
    private static bool IsNewUpToDate(Rollout rollout)
    {
        if (rollout.New is not { } set)
        {
            return true;
        }
        var copy = DeepCopy.WithAnnotations(set);
        var wait = rollout.Deployment.Spec.MinReadySeconds ?? 0;
        if (
            DeploymentRevisions.Update(rollout.Deployment, copy.Metadata.Annotations, DeploymentRevisions.Next(rollout.Old))
            | (set.Spec.MinReadySeconds ?? 0) != wait
        )
        {
            copy.Spec.MinReadySeconds = wait;
            rollout.Add(new UpdateReplicaSet(copy, null));
            return false;
        }
        rollout.SetRevision(set.Metadata.Annotations[DeploymentNames.Revision]);
        if (rollout.HasDeadline && DeploymentConditions.Find(rollout.Status, DeploymentNames.Progressing) is null)
        {
            DeploymentConditions.Set(
                rollout.Status,
                DeploymentConditions.New(
                    DeploymentNames.Progressing,
                    "True",
                    DeploymentNames.ReplicaSetFound,
                    $"Found new replica set \"{set.Metadata.Name}\"",
                    rollout.Now
                )
            );
        }
        return true;
    }

    private static DeploymentPlan Finish(V1Deployment deployment, Rollout rollout, bool isRollout)
    {
        var status = DeploymentStatuses.Compute(rollout);
        var checkAfter = isRollout ? DeploymentProgress.Complete(rollout, status) : null;
        var actions = rollout.Actions().ToList();
        rollout.Deployment.Status = status;
        if (
            Text(status) != Text(deployment.Status)
            || Text(rollout.Deployment.Metadata.Annotations) != Text(deployment.Metadata.Annotations)
        )
        {
            actions.Add(new UpdateDeploymentStatus(rollout.Deployment));
        }
        return new(actions, checkAfter);
    }

    private static DeploymentPlan RejectSelectAll(V1Deployment deployment)
    {
        List<DeploymentAction> actions =
        [
            new RecordEvent(new("Warning", "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")),
        ];
        if ((deployment.Status?.ObservedGeneration ?? 0) < (deployment.Metadata.Generation ?? 0))
        {
            var copy = DeepCopy.Of(deployment);
            copy.Status ??= new();
            copy.Status.ObservedGeneration = deployment.Metadata.Generation;
            actions.Add(new UpdateDeploymentStatus(copy));
        }
        return new(actions, null);
    }

    private static string Text(object? value) => value is null ? "" : KubernetesJson.Serialize(value);
}
