using k8s.Models;

namespace Petrel.Controllers.DaemonSets;

/// <summary>Which pods a DaemonSet adopts and lets go, and which are its own.</summary>
/// <param name="Adopt">Pods without a controller that its selector matches.</param>
/// <param name="Release">Its pods that its selector does not match any more.</param>
/// <param name="Own">Its own pods.</param>
public sealed record DaemonSetClaims(IReadOnlyList<V1Pod> Adopt, IReadOnlyList<V1Pod> Release, IReadOnlyList<V1Pod> Own)
{
    /// <summary>Whether pods have to change their owner before the set can be looked at.</summary>
    public bool IsBehind => Adopt.Count > 0 || Release.Count > 0;

    /// <summary>From the pods that the set controls and those in its namespace that nobody controls.</summary>
    public static DaemonSetClaims Compute(V1DaemonSet set, IEnumerable<V1Pod> pods)
    {
        var selector = LabelSets.Selector(set.Spec.Selector);
        List<V1Pod> adopt = [],
            release = [],
            own = [];
        foreach (var pod in pods)
        {
            var matches = selector.Matches(LabelSets.Of(pod.Metadata.Labels));
            var controller = pod.ControllerReference();
            if (controller?.Uid == set.Metadata.Uid)
            {
                (matches ? own : release).Add(pod);
            }
            else if (controller is null && matches && pod.Metadata.DeletionTimestamp is null)
            {
                adopt.Add(pod);
            }
        }
        return new(adopt, release, own);
    }
}
