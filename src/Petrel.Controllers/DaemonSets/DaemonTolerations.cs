using k8s.Models;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// The taints that a daemon's pod tolerates: those of its template, and those that stand for a node in trouble, which daemons have to bear.
/// </summary>
internal static class DaemonTolerations
{
    private const string NoSchedule = "NoSchedule";
    private const string NoExecute = "NoExecute";

    /// <summary>The template's tolerations with what every daemon tolerates (upstream: AddOrUpdateDaemonPodTolerations).</summary>
    public static IList<V1Toleration> Of(V1PodSpec spec)
    {
        List<V1Toleration> tolerations = [.. spec.Tolerations ?? []];
        Add(tolerations, "node.kubernetes.io/not-ready", NoExecute);
        Add(tolerations, "node.kubernetes.io/unreachable", NoExecute);
        Add(tolerations, "node.kubernetes.io/disk-pressure", NoSchedule);
        Add(tolerations, "node.kubernetes.io/memory-pressure", NoSchedule);
        Add(tolerations, "node.kubernetes.io/pid-pressure", NoSchedule);
        Add(tolerations, "node.kubernetes.io/unschedulable", NoSchedule);
        if (spec.HostNetwork == true)
        {
            Add(tolerations, "node.kubernetes.io/network-unavailable", NoSchedule);
        }
        return tolerations;
    }

    /// <summary>Whether some taint of the node keeps pods with these tolerations from being placed there.</summary>
    public static bool KeepAway(V1Node node, IList<V1Toleration> tolerations) =>
        (node.Spec?.Taints ?? []).Any(t => t.Effect is NoSchedule or NoExecute && !tolerations.Any(x => Tolerates(x, t)));

    /// <summary>Whether some taint of the node drives pods with these tolerations away.</summary>
    public static bool DriveAway(V1Node node, IList<V1Toleration> tolerations) =>
        (node.Spec?.Taints ?? []).Any(t => t.Effect == NoExecute && !tolerations.Any(x => Tolerates(x, t)));

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

    private static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        if (
            (toleration.Effect is { Length: > 0 } effect && effect != taint.Effect)
            || (toleration.Key is { Length: > 0 } key && key != taint.Key)
        )
        {
            return false;
        }
        return toleration.OperatorProperty switch
        {
            "Exists" => true,
            null or "" or "Equal" => toleration.Key is { Length: > 0 } && (toleration.Value ?? "") == (taint.Value ?? ""),
            _ => false,
        };
    }
}
