using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.PodControl;

namespace Petrel.Controllers.Caching;

/// <summary>
/// The indexes of the pod cache: by their controller, those without one, by namespace and by node. Registered once, by <see
/// cref="ClusterCaches"/>.
/// </summary>
public static class PodIndexes
{
    private const string ByController = "controller-uid";
    private const string Orphans = "orphans";
    private const string ByNode = "node";

    /// <summary>Adds the indexes, before the cache runs.</summary>
    public static void Register(SharedCache<V1Pod> pods)
    {
        pods.AddIndex(ByController, pod => pod.ControllerReference() is { } owner ? [owner.Uid] : []);
        pods.AddIndex(ClusterCaches.ByNamespace, pod => [pod.Metadata.NamespaceProperty]);
        pods.AddIndex(Orphans, pod => pod.ControllerReference() is null ? [pod.Metadata.NamespaceProperty] : []);
        pods.AddIndex(ByNode, pod => pod.Spec.NodeName is { Length: > 0 } node ? [node] : []);
    }

    /// <summary>The pods whose controller is the object with this uid.</summary>
    public static IEnumerable<V1Pod> ControlledBy(this SharedCache<V1Pod> pods, string uid) => pods.ByIndex(ByController, uid);

    /// <summary>All pods of a namespace.</summary>
    public static IEnumerable<V1Pod> InNamespace(this SharedCache<V1Pod> pods, string namespaceName) =>
        pods.ByIndex(ClusterCaches.ByNamespace, namespaceName);

    /// <summary>The pods of a namespace that no controller owns.</summary>
    public static IEnumerable<V1Pod> OrphansIn(this SharedCache<V1Pod> pods, string namespaceName) => pods.ByIndex(Orphans, namespaceName);

    /// <summary>The pods that are bound to a node.</summary>
    public static IEnumerable<V1Pod> OnNode(this SharedCache<V1Pod> pods, string nodeName) => pods.ByIndex(ByNode, nodeName);
}
