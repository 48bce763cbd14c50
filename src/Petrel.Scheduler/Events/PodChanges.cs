using k8s;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Scheduler.Events;

/// <summary>Which changes of a pending pod matter.</summary>
internal static class PodChanges
{
    /// <summary>
    /// Whether the pod's labels or spec changed, so that it may fit now. A change of its status does not count: the scheduler writes it.
    /// </summary>
    public static bool AffectScheduling(V1Pod? old, V1Pod pod) =>
        old is null || !SameLabels(old, pod) || KubernetesJson.Serialize(old.Spec) != KubernetesJson.Serialize(pod.Spec);

    public static bool SameLabels(V1Pod old, V1Pod pod) => LabelSets.AreEqual(old.Metadata.Labels, pod.Metadata.Labels);
}
