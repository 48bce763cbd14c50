using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>The status of a Deployment.</summary>
internal static class DeploymentStatuses
{
    /// <summary>The status from those of the ReplicaSets. The collision count and other conditions stay.</summary>
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
            // It is known only if every ReplicaSet reports it.
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

    /// <summary>Whether all desired pods have the newest template and are available, and there are no other pods.</summary>
    public static bool IsComplete(V1Deployment deployment, V1DeploymentStatus status)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        return (status.UpdatedReplicas ?? 0) == replicas
            && (status.Replicas ?? 0) == replicas
            && (status.AvailableReplicas ?? 0) == replicas
            && (status.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);
    }

    // Zero is omitted, as upstream.
    private static int? Positive(int number) => number > 0 ? number : null;
}
