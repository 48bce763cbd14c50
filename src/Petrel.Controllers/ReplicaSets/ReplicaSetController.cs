using k8s.Models;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>Keeps the number of pods that each ReplicaSet asks for.</summary>
public sealed class ReplicaSetController(ControllerContext context) : IController
{
    private readonly ReplicaController<V1ReplicaSet> _controller = new(Kind, context);

    private static ReplicaKind<V1ReplicaSet> Kind { get; } =
        new()
        {
            ControllerName = "replicaset-controller",
            Cache = caches => caches.ReplicaSets,
            ToReplicaSet = set => set,
            SetStatus = (set, status) => set.Status = status,
            RelatedPods = RelatedPods,
            ReportsTerminating = true,
        };

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _controller.RunAsync(cancellationToken);

    // A set without an owner has no related sets. Upstream then ranks no nodes.
    private static IEnumerable<V1Pod> RelatedPods(ClusterCaches caches, V1ReplicaSet set) =>
        set.ControllerReference() is { } owner
            ? caches.ReplicaSets.ControlledBy(owner.Uid).SelectMany(related => caches.Pods.ControlledBy(related.Metadata.Uid))
            : [];
}
