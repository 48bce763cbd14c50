using k8s.Models;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Framework;
using Petrel.Controllers.ReplicaSets;

namespace Petrel.Controllers.ReplicationControllers;

/// <summary>Keeps as many pods of each ReplicationController as it asks for: a ReplicaSet whose selector is a map of labels.</summary>
public sealed class ReplicationManager(ControllerContext context) : IController, IDisposable
{
    private readonly ReplicaReconciler<V1ReplicationController> _reconciler = new(Kind, context);

    private static ReplicaKind<V1ReplicationController> Kind { get; } =
        new()
        {
            ControllerName = "replication-controller",
            Cache = caches => caches.ReplicationControllers,
            View = View,
            Report = Report,
            RelatedPods = (_, _) => [],
        };

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _reconciler.RunAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _reconciler.Dispose();

    private static V1ReplicaSet View(V1ReplicationController value) =>
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

    private static void Report(V1ReplicationController value, V1ReplicaSetStatus status) =>
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
