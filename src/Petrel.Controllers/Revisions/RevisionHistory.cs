using k8s.Models;

namespace Petrel.Controllers.Revisions;

/// <summary>The revisions of an owner, up to date with its template.</summary>
/// <param name="Newest">The revision of the current template.</param>
/// <param name="Revisions">All revisions of the owner, oldest first.</param>
/// <param name="CollisionCount">How many names were taken, for the owner's status.</param>
public sealed record RevisionHistory(V1ControllerRevision Newest, IReadOnlyList<V1ControllerRevision> Revisions, int? CollisionCount)
{
    /// <summary>The revision with this name, or null.</summary>
    public V1ControllerRevision? Find(string? name) => Revisions.FirstOrDefault(r => r.Metadata.Name == name);
}
