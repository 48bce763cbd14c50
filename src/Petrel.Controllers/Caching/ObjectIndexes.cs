using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Workloads;

namespace Petrel.Controllers.Caching;

/// <summary>
/// The indexes of the shared caches: by namespace, and by controller. Each cache has those that <see cref="ClusterCaches"/> gives it;
/// reading an index that a cache does not have is an error.
/// </summary>
public static class ObjectIndexes
{
    private const string Namespace = "namespace";
    private const string ControllerUid = "controller-uid";
    private const string Orphans = "orphans";

    /// <summary>Adds the index by namespace, before the cache runs.</summary>
    public static void IndexByNamespace<T>(this SharedCache<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.AddIndex(Namespace, value => [value.Metadata.NamespaceProperty]);

    /// <summary>Adds the indexes by controller, and of the objects without one, before the cache runs.</summary>
    public static void IndexByController<T>(this SharedCache<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        cache.AddIndex(ControllerUid, value => value.ControllerReference() is { } owner ? [owner.Uid] : []);
        cache.AddIndex(Orphans, value => value.ControllerReference() is null ? [value.Metadata.NamespaceProperty] : []);
    }

    /// <summary>The objects of a namespace.</summary>
    public static IEnumerable<T> InNamespace<T>(this SharedCache<T> cache, string namespaceName)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.ByIndex(Namespace, namespaceName);

    /// <summary>The objects whose controller is the object with this uid.</summary>
    public static IEnumerable<T> ControlledBy<T>(this SharedCache<T> cache, string uid)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.ByIndex(ControllerUid, uid);

    /// <summary>The objects that the owner controls, then those in its namespace that have no controller.</summary>
    public static IEnumerable<T> ControlledByOrOrphaned<T>(this SharedCache<T> cache, V1ObjectMeta owner)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.ByIndex(ControllerUid, owner.Uid).Concat(cache.ByIndex(Orphans, owner.NamespaceProperty));
}
