using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// A kind that asks for a number of equal pods, seen as ReplicaSets (upstream runs ReplicationControllers in the same way): plans are made
/// for the view, everything that is written is written to the object itself.
/// </summary>
internal sealed record ReplicaKind<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The controller's name in logs and events.</summary>
    public required string ControllerName { get; init; }

    /// <summary>The kind's cache, which has an index by namespace.</summary>
    public required Func<ClusterCaches, SharedCache<T>> Cache { get; init; }

    /// <summary>The object as a ReplicaSet.</summary>
    public required Func<T, V1ReplicaSet> View { get; init; }

    /// <summary>Puts a status into an object.</summary>
    public required Action<T, V1ReplicaSetStatus> Report { get; init; }

    /// <summary>The pods of all objects with the same owner, where pods are chosen for deletion.</summary>
    public required Func<ClusterCaches, T, IEnumerable<V1Pod>> RelatedPods { get; init; }

    /// <summary>Whether its status has a number of pods that are on their way out.</summary>
    public bool ReportsTerminating { get; init; }
}
