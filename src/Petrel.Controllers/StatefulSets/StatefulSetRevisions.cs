using k8s.Models;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// The two templates that a StatefulSet's pods may be of: the one that it rolls out, and the one that all were of before.
/// </summary>
/// <param name="CurrentName">The name of the revision before; the same as the newest when no update is under way.</param>
/// <param name="Current">Its template.</param>
/// <param name="UpdateName">The name of the newest revision.</param>
/// <param name="Update">Its template.</param>
public sealed record StatefulSetRevisions(string CurrentName, V1PodTemplateSpec Current, string UpdateName, V1PodTemplateSpec Update)
{
    /// <summary>From the set's history. A current revision that is not in it any more is the newest.</summary>
    public static StatefulSetRevisions From(V1StatefulSet set, RevisionHistory history)
    {
        var newest = history.Newest.Metadata.Name;
        var current = history.Find(set.Status?.CurrentRevision);
        return current is not null && RevisionData.From(current) is { } data
            ? new(current.Metadata.Name, data.Template, newest, set.Spec.Template)
            : new(newest, set.Spec.Template, newest, set.Spec.Template);
    }
}
