using k8s.Models;

namespace Petrel.Controllers.PodControl;

/// <summary>Pods that nobody controls, which an owner with a fitting selector adopts.</summary>
internal static class Orphans
{
    /// <summary>
    /// Whether an orphan is to be looked at: when it is new, or its labels or its owner changed; not with each change of its status.
    /// </summary>
    public static bool MayBeAdoptable(V1Pod? old, V1Pod pod) =>
        old is null || old.ControllerReference() is not null || !LabelSets.Same(old.Metadata.Labels, pod.Metadata.Labels);
}
