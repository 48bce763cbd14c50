using k8s.Models;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.StatefulSets;

/// <summary>The two templates that a StatefulSet's pods may have.</summary>
/// <param name="CurrentName">The name of the current revision; the same as the update revision when no update is in progress.</param>
/// <param name="Current">Its template.</param>
/// <param name="UpdateName">The name of the update revision.</param>
/// <param name="Update">Its template.</param>
public sealed record StatefulSetRevisions(string CurrentName, V1PodTemplateSpec Current, string UpdateName, V1PodTemplateSpec Update)
{
    /// <summary>From the set's history. If the current revision is gone, the update revision takes its place.</summary>
    public static StatefulSetRevisions From(V1StatefulSet set, RevisionHistory history)
    {
        var newest = history.Newest.Metadata.Name;
        var current = history.Find(set.Status?.CurrentRevision);
        return current is not null && RevisionData.From(current) is { } data
            ? new(current.Metadata.Name, data.Template, newest, set.Spec.Template)
            : new(newest, set.Spec.Template, newest, set.Spec.Template);
    }
}
