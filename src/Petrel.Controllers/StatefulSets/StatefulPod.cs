using k8s.Models;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.StatefulSets;

/// <summary>The pod of a StatefulSet for one ordinal.</summary>
public static class StatefulPod
{
    /// <summary>The pod to create: with the current revision below the partition, otherwise with the update revision.</summary>
    public static V1Pod For(V1StatefulSet set, StatefulSetRevisions revisions, int ordinal)
    {
        var current = StaysCurrent(set, ordinal - StatefulPodIdentity.Start(set));
        var pod = TemplatePod.Named(set, current ? revisions.Current : revisions.Update, StatefulPodIdentity.Name(set, ordinal));
        StatefulPodIdentity.Complete(pod, ordinal);
        pod.Metadata.Labels[RevisionOwner.PodLabel] = current ? revisions.CurrentName : revisions.UpdateName;
        pod.Spec.Hostname = pod.Metadata.Name;
        pod.Spec.Subdomain = string.IsNullOrEmpty(set.Spec.ServiceName) ? null : set.Spec.ServiceName;
        StatefulPodClaims.Mount(set, pod.Spec, ordinal);
        return pod;
    }

    private static bool StaysCurrent(V1StatefulSet set, int index) =>
        set.Spec.UpdateStrategy is { } strategy && strategy.RollingUpdate is { } rolling
            ? index < (rolling.Partition ?? 0)
            : set.Spec.UpdateStrategy?.Type == "RollingUpdate" && index < (set.Status?.CurrentReplicas ?? 0);
}
