using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The tolerations of a DaemonSet's pods: those of the template, and those for the taints of nodes with problems.</summary>
internal static class DaemonTolerations
{
    /// <summary>The template's tolerations with what every daemon tolerates (upstream: AddOrUpdateDaemonPodTolerations).</summary>
    public static IList<V1Toleration> Of(V1PodSpec spec)
    {
        List<V1Toleration> tolerations = [.. spec.Tolerations ?? []];
        Add(tolerations, "node.kubernetes.io/not-ready", Taints.NoExecute);
        Add(tolerations, "node.kubernetes.io/unreachable", Taints.NoExecute);
        Add(tolerations, "node.kubernetes.io/disk-pressure", Taints.NoSchedule);
        Add(tolerations, "node.kubernetes.io/memory-pressure", Taints.NoSchedule);
        Add(tolerations, "node.kubernetes.io/pid-pressure", Taints.NoSchedule);
        Add(tolerations, "node.kubernetes.io/unschedulable", Taints.NoSchedule);
        if (spec.HostNetwork == true)
        {
            Add(tolerations, "node.kubernetes.io/network-unavailable", Taints.NoSchedule);
        }
        return tolerations;
    }

    // An equal toleration of the template is replaced: it may have tolerationSeconds.
    private static void Add(List<V1Toleration> tolerations, string key, string effect)
    {
        var added = new V1Toleration
        {
            Key = key,
            OperatorProperty = "Exists",
            Effect = effect,
        };
        var index = tolerations.FindIndex(t =>
            t.Key == key && t.Effect == effect && t.OperatorProperty == "Exists" && string.IsNullOrEmpty(t.Value)
        );
        if (index < 0)
        {
            tolerations.Add(added);
        }
        else
        {
            tolerations[index] = added;
        }
    }
}
