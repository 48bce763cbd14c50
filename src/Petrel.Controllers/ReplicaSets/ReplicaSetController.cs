using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>Keeps as many pods of each ReplicaSet as it asks for.</summary>
public sealed class ReplicaSetController(ControllerContext context) : IController, IDisposable
{
    private readonly ReplicaReconciler<V1ReplicaSet> _reconciler = new(Kind, context);

    private static ReplicaKind<V1ReplicaSet> Kind { get; } =
        new()
        {
            ControllerName = "replicaset-controller",
            Cache = caches => caches.ReplicaSets,
            View = set => set,
            Report = (set, status) => set.Status = status,
            RelatedPods = RelatedPods,
            ReportsTerminating = true,
        };

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _reconciler.RunAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _reconciler.Dispose();

    // Without an owner there are no related sets, and upstream then looks at nobody's nodes.
    private static IEnumerable<V1Pod> RelatedPods(ClusterCaches caches, V1ReplicaSet set) =>
        set.ControllerReference() is { } owner
            ? caches.ReplicaSets.ControlledBy(owner.Uid).SelectMany(related => caches.Pods.ControlledBy(related.Metadata.Uid))
            : [];
}
