using System.Globalization;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>The identity of a StatefulSet's pod: its ordinal, and the name and labels that follow from it.</summary>
public static class StatefulPodIdentity
{
    public const string NameLabel = "statefulset.kubernetes.io/pod-name";
    public const string IndexLabel = "apps.kubernetes.io/pod-index";

    /// <summary>The name of the set's pod with this ordinal.</summary>
    public static string Name(V1StatefulSet set, int ordinal) => $"{set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The set and the ordinal that a pod's name stands for; null when it has no such form.</summary>
    public static (string Set, int Ordinal)? Parse(string podName)
    {
        var dash = podName.LastIndexOf('-');
        return
            dash > 0
            && int.TryParse(podName.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            && (podName[dash + 1] != '0' || podName.Length == dash + 2)
            ? (podName[..dash], ordinal)
            : null;
    }

    /// <summary>The pod's ordinal in the set; null when its name is not one of the set's.</summary>
    public static int? OrdinalIn(V1StatefulSet set, V1Pod pod) =>
        Parse(pod.Metadata.Name) is { } identity && identity.Set == set.Metadata.Name ? identity.Ordinal : null;

    /// <summary>The first ordinal.</summary>
    public static int Start(V1StatefulSet set) => set.Spec.Ordinals?.Start ?? 0;

    /// <summary>Whether the set should have a pod with this ordinal.</summary>
    public static bool IsDesired(V1StatefulSet set, int ordinal) =>
        ordinal >= Start(set) && ordinal - Start(set) < (set.Spec.Replicas ?? 1);

    /// <summary>Whether the pod has the labels of its identity.</summary>
    public static bool IsComplete(V1Pod pod) =>
        LabelSets.Of(pod.Metadata.Labels).TryGetValue(NameLabel, out var name) && name == pod.Metadata.Name;

    /// <summary>Sets the labels of the pod's identity.</summary>
    public static void Complete(V1Pod pod, int ordinal)
    {
        pod.Metadata.Labels ??= new Dictionary<string, string>();
        pod.Metadata.Labels[NameLabel] = pod.Metadata.Name;
        pod.Metadata.Labels[IndexLabel] = ordinal.ToString(CultureInfo.InvariantCulture);
    }
}
