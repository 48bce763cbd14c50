using k8s.Models;

namespace Petrel.Workloads;

/// <summary>
/// Which taints tolerations match (upstream 1.35: <c>ToleratesTaint</c> of component-helpers). The comparison operators Gt and Lt are
/// alpha in 1.35 and off by default: like every unknown operator, they match no taint.
/// </summary>
public static class Tolerations
{
    /// <summary>
    /// Whether the toleration matches the taint. An empty effect matches all effects. An empty operator means Equal. An empty key matches
    /// all taints with the operator Exists, and none with Equal (validation refuses that combination).
    /// </summary>
    public static bool Tolerates(this V1Toleration toleration, V1Taint taint)
    {
        if (toleration.Effect is { Length: > 0 } effect && effect != taint.Effect)
        {
            return false;
        }
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

    /// <summary>Whether any of the tolerations matches the taint. Null means no tolerations.</summary>
    public static bool Tolerate(IList<V1Toleration>? tolerations, V1Taint taint)
    {
        // The scheduler asks this for every taint of every node: no closure, no boxed enumerator.
        for (var i = 0; i < (tolerations?.Count ?? 0); i++)
        {
            if (tolerations![i].Tolerates(taint))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether a pod with these tolerations may be scheduled to a node with these taints. Null means none.</summary>
    public static bool AllowScheduling(IList<V1Toleration>? tolerations, IList<V1Taint>? taints)
    {
        for (var i = 0; i < (taints?.Count ?? 0); i++)
        {
            if (taints![i].PreventsScheduling() && !Tolerate(tolerations, taints[i]))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether a pod with these tolerations may keep running on a node with these taints, at least for a time.</summary>
    public static bool AllowRunning(IList<V1Toleration>? tolerations, IList<V1Taint>? taints)
    {
        for (var i = 0; i < (taints?.Count ?? 0); i++)
        {
            if (taints![i].Evicts() && !Tolerate(tolerations, taints[i]))
            {
                return false;
            }
        }
        return true;
    }
}
