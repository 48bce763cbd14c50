using k8s.Models;

namespace Petrel.Scheduler.Cluster;

/// <summary>Whether a pod's tolerations tolerate a taint.</summary>
internal static class Tolerations
{
    public const string NoSchedule = "NoSchedule";
    public const string NoExecute = "NoExecute";
    public const string PreferNoSchedule = "PreferNoSchedule";

    public static bool Tolerate(IList<V1Toleration>? tolerations, V1Taint taint)
    {
        foreach (var toleration in tolerations ?? [])
        {
            if (Tolerates(toleration, taint))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether some taint that keeps pods away is not tolerated.</summary>
    public static bool AnyRefused(IList<V1Toleration>? tolerations, IList<V1Taint> taints)
    {
        foreach (var taint in taints)
        {
            if (taint.Effect is NoSchedule or NoExecute && !Tolerate(tolerations, taint))
            {
                return true;
            }
        }
        return false;
    }

    private static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        if (toleration.Effect is { Length: > 0 } effect && effect != taint.Effect)
        {
            return false;
        }
        // An empty key with Exists tolerates every taint.
        if (toleration.Key is { Length: > 0 } key && key != taint.Key)
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
