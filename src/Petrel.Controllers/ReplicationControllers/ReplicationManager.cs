using k8s.Models;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Framework;
using Petrel.Controllers.ReplicaSets;

namespace Petrel.Controllers.ReplicationControllers;

/// <summary>Keeps the number of pods that each ReplicationController asks for. It is synced as a ReplicaSet.</summary>
public sealed class ReplicationManager(ControllerContext context) : IController
{
    private readonly ReplicaController<V1ReplicationController> _controller = new(Kind, context);

    private static ReplicaKind<V1ReplicationController> Kind { get; } =
        new()
        {
            ControllerName = "replication-controller",
            Cache = caches => caches.ReplicationControllers,
            ToReplicaSet = ToReplicaSet,
            SetStatus = SetStatus,
            RelatedPods = (_, _) => [],
        };

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _controller.RunAsync(cancellationToken);

    private static V1ReplicaSet ToReplicaSet(V1ReplicationController value) =>
        new()
        {
            Metadata = value.Metadata,
            Spec = new()
            {
                Replicas = value.Spec.Replicas,
                MinReadySeconds = value.Spec.MinReadySeconds,
                // An empty map selects nothing; the API fills it from the template.
                Selector = value.Spec.Selector is { Count: > 0 } labels ? new() { MatchLabels = labels } : null,
                Template = value.Spec.Template,
            },
            Status = new()
            {
                Replicas = value.Status?.Replicas ?? 0,
                FullyLabeledReplicas = value.Status?.FullyLabeledReplicas,
                ReadyReplicas = value.Status?.ReadyReplicas,
                AvailableReplicas = value.Status?.AvailableReplicas,
                ObservedGeneration = value.Status?.ObservedGeneration,
                Conditions = value
                    .Status?.Conditions?.Select(c => new V1ReplicaSetCondition
                    {
                        Type = c.Type,
                        Status = c.Status,
                        Reason = c.Reason,
                        Message = c.Message,
                        LastTransitionTime = c.LastTransitionTime,
                    })
                    .ToList(),
            },
        };

    private static void SetStatus(V1ReplicationController value, V1ReplicaSetStatus status) =>
        value.Status = new()
        {
            Replicas = status.Replicas,
            FullyLabeledReplicas = status.FullyLabeledReplicas,
            ReadyReplicas = status.ReadyReplicas,
            AvailableReplicas = status.AvailableReplicas,
            ObservedGeneration = status.ObservedGeneration,
            Conditions = status
                .Conditions?.Select(c => new V1ReplicationControllerCondition
                {
                    Type = c.Type,
                    Status = c.Status,
                    Reason = c.Reason,
                    Message = c.Message,
                    LastTransitionTime = c.LastTransitionTime,
                })
                .ToList(),
        };
}
