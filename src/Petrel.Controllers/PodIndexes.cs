using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers;

/// <summary>The indexes of the pod cache: by their controller, and those without one. Registered once, by <see cref="ClusterCaches"/>.</summary>
public static class PodIndexes
{
    private const string ByController = "controller-uid";
    private const string Orphans = "orphans";

    /// <summary>Adds the indexes, before the cache runs.</summary>
    public static void Register(SharedCache<V1Pod> pods)
    {
        pods.AddIndex(ByController, pod => pod.ControllerReference() is { } owner ? [owner.Uid] : []);
        pods.AddIndex(Orphans, pod => pod.ControllerReference() is null ? [pod.Metadata.NamespaceProperty] : []);
    }

    /// <summary>The pods whose controller is the object with this uid.</summary>
    public static IEnumerable<V1Pod> ControlledBy(this SharedCache<V1Pod> pods, string uid) => pods.ByIndex(ByController, uid);

    /// <summary>The pods of a namespace that no controller owns.</summary>
    public static IEnumerable<V1Pod> OrphansIn(this SharedCache<V1Pod> pods, string namespaceName) => pods.ByIndex(Orphans, namespaceName);
}
