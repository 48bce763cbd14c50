using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.Adoption;

/// <summary>Pods without a controller, which an owner with a matching selector adopts.</summary>
internal static class Orphans
{
    /// <summary>
    /// Whether owners may adopt a pod without a controller: it is new, its labels changed, or it lost its controller. Changes of its status
    /// do not matter.
    /// </summary>
    public static bool MayBeAdoptable(CacheChange<V1Pod> change) =>
        change.New is { } pod
        && pod.ControllerReference() is null
        && (
            change.Old is not { } old
            || old.ControllerReference() is not null
            || !LabelSets.AreEqual(old.Metadata.Labels, pod.Metadata.Labels)
        );
}
