using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// A kind that asks for a number of equal pods: ReplicaSets and ReplicationControllers. Its objects are synced as ReplicaSets, as upstream
/// does. Plans are made for the ReplicaSet; writes go to the object itself.
/// </summary>
internal sealed record ReplicaKind<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The controller's name in logs and events.</summary>
    public required string ControllerName { get; init; }

    /// <summary>The cache of the kind, with the index by namespace.</summary>
    public required Func<ClusterCaches, SharedCache<T>> Cache { get; init; }

    /// <summary>The object as a ReplicaSet.</summary>
    public required Func<T, V1ReplicaSet> ToReplicaSet { get; init; }

    /// <summary>Sets an object's status to that of its ReplicaSet.</summary>
    public required Action<T, V1ReplicaSetStatus> SetStatus { get; init; }

    /// <summary>The pods of all objects with the same owner: they rank the nodes when pods are chosen for deletion.</summary>
    public required Func<ClusterCaches, T, IEnumerable<V1Pod>> RelatedPods { get; init; }

    /// <summary>Whether the status of the kind has <c>terminatingReplicas</c>.</summary>
    public bool ReportsTerminating { get; init; }
}
