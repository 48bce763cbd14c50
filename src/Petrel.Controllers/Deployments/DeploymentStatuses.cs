using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>What a Deployment says about its pods.</summary>
internal static class DeploymentStatuses
{
    /// <summary>The status by what the ReplicaSets report, with the collisions and conditions there were.</summary>
    public static V1DeploymentStatus Compute(Rollout rollout)
    {
        var available = rollout.All.Sum(DeploymentReplicaSets.AvailableReplicas);
        var terminating = rollout.All.Select(s => s.Status?.TerminatingReplicas).ToList();
        var status = new V1DeploymentStatus
        {
            ObservedGeneration = rollout.Deployment.Metadata.Generation,
            Replicas = Positive(rollout.All.Sum(DeploymentReplicaSets.ActualReplicas)),
            UpdatedReplicas = Positive(rollout.New?.ActualReplicas() ?? 0),
            ReadyReplicas = Positive(rollout.All.Sum(s => s.Status?.ReadyReplicas ?? 0)),
            AvailableReplicas = Positive(available),
            UnavailableReplicas = Positive(rollout.All.Sum(rollout.PlannedReplicas) - available),
            // Known only when each ReplicaSet knows it.
            TerminatingReplicas = terminating.Contains(null) ? null : terminating.Sum(),
            CollisionCount = rollout.Status.CollisionCount,
            Conditions = rollout.Status.Conditions,
        };
        DeploymentConditions.Set(
            status,
            available >= rollout.Bounds.MinAvailable
                ? DeploymentConditions.New(
                    DeploymentNames.Available,
                    "True",
                    "MinimumReplicasAvailable",
                    "Deployment has minimum availability.",
                    rollout.Now
                )
                : DeploymentConditions.New(
                    DeploymentNames.Available,
                    "False",
                    "MinimumReplicasUnavailable",
                    "Deployment does not have minimum availability.",
                    rollout.Now
                )
        );
        return status;
    }

    /// <summary>Whether all wanted pods are of the newest template and available, and there are no others.</summary>
    public static bool IsComplete(V1Deployment deployment, V1DeploymentStatus status)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        return (status.UpdatedReplicas ?? 0) == replicas
            && (status.Replicas ?? 0) == replicas
            && (status.AvailableReplicas ?? 0) == replicas
            && (status.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);
    }

    // Zero is not written, as upstream.
    private static int? Positive(int number) => number > 0 ? number : null;
}
