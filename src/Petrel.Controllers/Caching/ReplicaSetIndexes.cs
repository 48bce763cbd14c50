using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Caching;

/// <summary>
/// The indexes of the ReplicaSet cache: by controller (the Deployment) and by namespace. Registered once, by <see cref="ClusterCaches"/>.
/// </summary>
public static class ReplicaSetIndexes
{
    private const string ByController = "controller-uid";
    private const string ByNamespace = "namespace";

    /// <summary>Adds the indexes, before the cache runs.</summary>
    public static void Register(SharedCache<V1ReplicaSet> replicaSets)
    {
        replicaSets.AddIndex(ByController, set => set.ControllerReference() is { } owner ? [owner.Uid] : []);
        replicaSets.AddIndex(ByNamespace, set => [set.Metadata.NamespaceProperty]);
    }

    /// <summary>The ReplicaSets whose controller is the object with this uid.</summary>
    public static IEnumerable<V1ReplicaSet> ControlledBy(this SharedCache<V1ReplicaSet> replicaSets, string uid) =>
        replicaSets.ByIndex(ByController, uid);

    /// <summary>The ReplicaSets of a namespace.</summary>
    public static IEnumerable<V1ReplicaSet> In(this SharedCache<V1ReplicaSet> replicaSets, string namespaceName) =>
        replicaSets.ByIndex(ByNamespace, namespaceName);
}
