using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.PodControl;

namespace Petrel.Controllers.Caching;

/// <summary>
/// The indexes of the cache of ControllerRevisions: by their controller, and those of a namespace without one. Registered once, by <see
/// cref="ClusterCaches"/>.
/// </summary>
public static class RevisionIndexes
{
    private const string Orphans = "orphans";

    /// <summary>Adds the indexes, before the cache runs.</summary>
    public static void Register(SharedCache<V1ControllerRevision> revisions)
    {
        revisions.AddIndex(ClusterCaches.ByController, revision => revision.ControllerReference() is { } owner ? [owner.Uid] : []);
        revisions.AddIndex(Orphans, revision => revision.ControllerReference() is null ? [revision.Metadata.NamespaceProperty] : []);
    }

    /// <summary>The revisions whose controller is the object with this uid.</summary>
    public static IEnumerable<V1ControllerRevision> ControlledBy(this SharedCache<V1ControllerRevision> revisions, string uid) =>
        revisions.ByIndex(ClusterCaches.ByController, uid);

    /// <summary>The revisions of a namespace that no controller owns.</summary>
    public static IEnumerable<V1ControllerRevision> OrphansIn(this SharedCache<V1ControllerRevision> revisions, string namespaceName) =>
        revisions.ByIndex(Orphans, namespaceName);
}
