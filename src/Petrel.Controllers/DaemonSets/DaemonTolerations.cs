using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// The taints that a daemon's pod tolerates: those of its template, and those that stand for a node in trouble, which daemons have to bear.
/// </summary>
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

    // One for the same taint takes the place of the template's, which may end after some time.
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
