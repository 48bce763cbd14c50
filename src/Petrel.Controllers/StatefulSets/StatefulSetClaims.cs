using k8s.Models;

namespace Petrel.Controllers.StatefulSets;

/// <summary>Which pods a StatefulSet adopts and lets go, and which are its own.</summary>
/// <param name="Adopt">Pods without a controller whose labels match and whose names are the set's.</param>
/// <param name="Release">Its pods that are not like that any more.</param>
/// <param name="Pods">Its own pods.</param>
public sealed record StatefulSetClaims(IReadOnlyList<V1Pod> Adopt, IReadOnlyList<V1Pod> Release, IReadOnlyList<V1Pod> Pods)
{
    /// <summary>Whether pods have to change their owner before the set can be looked at.</summary>
    public bool IsBehind => Adopt.Count > 0 || Release.Count > 0;

    /// <summary>From the pods that the set controls and those in its namespace that nobody controls.</summary>
    public static StatefulSetClaims Compute(V1StatefulSet set, IEnumerable<V1Pod> pods)
    {
        var selector = LabelSets.Selector(set.Spec.Selector);
        var ending = set.Metadata.DeletionTimestamp is not null;
        List<V1Pod> adopt = [],
            release = [],
            owned = [];
        foreach (var pod in pods)
        {
            var fits = StatefulPodIdentity.OrdinalIn(set, pod) is not null && selector.Matches(LabelSets.Of(pod.Metadata.Labels));
            var controller = pod.ControllerReference();
            if (controller?.Uid == set.Metadata.Uid)
            {
                if (fits)
                {
                    owned.Add(pod);
                }
                else if (!ending)
                {
                    release.Add(pod);
                }
            }
            else if (controller is null && fits && !ending && !pod.IsDeleting())
            {
                adopt.Add(pod);
            }
        }
        return new(adopt, release, owned);
    }
}
