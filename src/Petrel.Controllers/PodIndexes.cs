using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers;

/// <summary>The indexes of the pod cache: by their controller, those without one, and by namespace. Registered once, by <see cref="ClusterCaches"/>.</summary>
public static class PodIndexes
{
    private const string ByController = "controller-uid";
    private const string Orphans = "orphans";

    /// <summary>Adds the indexes, before the cache runs.</summary>
    public static void Register(SharedCache<V1Pod> pods)
    {
        pods.AddIndex(ByController, pod => pod.ControllerReference() is { } owner ? [owner.Uid] : []);
        pods.AddIndex(ClusterCaches.ByNamespace, pod => [pod.Metadata.NamespaceProperty]);
        pods.AddIndex(Orphans, pod => pod.ControllerReference() is null ? [pod.Metadata.NamespaceProperty] : []);
    }

    /// <summary>The pods whose controller is the object with this uid.</summary>
    public static IEnumerable<V1Pod> ControlledBy(this SharedCache<V1Pod> pods, string uid) => pods.ByIndex(ByController, uid);

    /// <summary>All pods of a namespace.</summary>
    public static IEnumerable<V1Pod> InNamespace(this SharedCache<V1Pod> pods, string namespaceName) => pods.ByIndex(ClusterCaches.ByNamespace, namespaceName);

    /// <summary>The pods of a namespace that no controller owns.</summary>
    public static IEnumerable<V1Pod> OrphansIn(this SharedCache<V1Pod> pods, string namespaceName) => pods.ByIndex(Orphans, namespaceName);
}
