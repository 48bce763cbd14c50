using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>The next actions for a Deployment. After them, another plan is made when the caches show the result.</summary>
/// <param name="Actions">The actions, in order.</param>
/// <param name="RequeueAfter">When to plan again even if nothing changes.</param>
public sealed record DeploymentPlan(IReadOnlyList<DeploymentAction> Actions, TimeSpan? RequeueAfter)
{
    /// <summary>Plans the next actions.</summary>
    /// <param name="deployment">The Deployment.</param>
    /// <param name="replicaSets">At least the ReplicaSets that it controls and those in its namespace without a controller.</param>
    /// <param name="pods">For the strategy Recreate: at least all pods of its ReplicaSets.</param>
    /// <param name="now">The time.</param>
    public static DeploymentPlan Compute(
        V1Deployment deployment,
        IReadOnlyList<V1ReplicaSet> replicaSets,
        IReadOnlyList<V1Pod> pods,
        DateTimeOffset now
    )
    {
        var selector = LabelSelectors.From(deployment.Spec.Selector);
        if (selector.IsEverything)
        {
            return RejectSelectAll(deployment);
        }
        var adoption = AdoptionPlan<V1ReplicaSet>.Compute(deployment.Metadata, replicaSets, set =>
            selector.Matches(LabelSets.Of(set.Metadata.Labels))
        );
        return adoption.HasWork
            ? new(Claims(deployment, adoption), null)
            : Next(deployment, new Rollout(deployment, adoption.Owned, now), pods);
    }

    private static IReadOnlyList<DeploymentAction> Claims(V1Deployment deployment, AdoptionPlan<V1ReplicaSet> adoption) =>
        [
            .. adoption.Release.Select(set => new UpdateReplicaSet(WithOwners(set, set.OwnersWithout(deployment.Metadata.Uid)), null)),
            .. adoption.Adopt.Select(set => new AdoptReplicaSet(WithOwners(set, set.OwnersWith(OwnerReferences.ToController(deployment))))),
        ];

    private static V1ReplicaSet WithOwners(V1ReplicaSet set, IList<V1OwnerReference> owners)
    {
        var copy = set.DeepCopy();
        copy.Metadata.OwnerReferences = owners;
        return copy;
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

    // A ReplicaSet that became the newest, for example by a rollback, first gets its revision and the Deployment's annotations.
    private static bool IsNewUpToDate(Rollout rollout)
    {
        if (rollout.New is not { } set)
        {
            return true;
        }
        var copy = DeploymentReplicaSets.CopyWithAnnotations(set);
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
        var requeueAfter = isRollout ? DeploymentProgress.Complete(rollout, status) : null;
        var actions = rollout.Actions().ToList();
        rollout.Deployment.Status = status;
        if (
            Text(status) != Text(deployment.Status)
            || Text(rollout.Deployment.Metadata.Annotations) != Text(deployment.Metadata.Annotations)
        )
        {
            actions.Add(new UpdateDeploymentStatus(rollout.Deployment));
        }
        return new(actions, requeueAfter);
    }

    private static DeploymentPlan RejectSelectAll(V1Deployment deployment)
    {
        List<DeploymentAction> actions =
        [
            new RecordEvent(new("Warning", "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")),
        ];
        if ((deployment.Status?.ObservedGeneration ?? 0) < (deployment.Metadata.Generation ?? 0))
        {
            var copy = deployment.DeepCopy();
            copy.Status ??= new();
            copy.Status.ObservedGeneration = deployment.Metadata.Generation;
            actions.Add(new UpdateDeploymentStatus(copy));
        }
        return new(actions, null);
    }

    private static string Text(object? value) => value is null ? "" : KubernetesJson.Serialize(value);
}
