using k8s;
using k8s.Models;

namespace Petrel.Scheduler;

/// <summary>Which changes of a pending pod matter.</summary>
internal static class PodChanges
{
    /// <summary>
    /// Whether the pod's labels or spec changed: it may fit now. Its status, which the scheduler writes itself, doesn't count.
    /// </summary>
    public static bool WhatItAsks(V1Pod? old, V1Pod pod) =>
        old is null || !SameLabels(old, pod) || KubernetesJson.Serialize(old.Spec) != KubernetesJson.Serialize(pod.Spec);

    public static bool SameLabels(V1Pod old, V1Pod pod) => SameLabels(old.Metadata.Labels, pod.Metadata.Labels);

    public static bool SameLabels(IDictionary<string, string>? old, IDictionary<string, string>? now) =>
        NodeChanges.Same(old, now, (a, b) => a == b);
}
