using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The bounds of a DaemonSet's rolling update.</summary>
/// <param name="MaxSurge">On how many nodes a new pod may run beside the old one.</param>
/// <param name="MaxUnavailable">On how many nodes no pod may be available.</param>
public readonly record struct DaemonUpdateBounds(int MaxSurge, int MaxUnavailable)
{
    /// <summary>Percentages of the nodes are rounded up. If both are zero, one pod may be unavailable.</summary>
    public static DaemonUpdateBounds Of(V1DaemonSet set, int nodes)
    {
        if (!IsRolling(set))
        {
            return new(0, 0);
        }
        var rolling = set.Spec.UpdateStrategy?.RollingUpdate;
        var surge = IntOrPercent.Resolve(rolling?.MaxSurge?.Value ?? "0", nodes, roundUp: true);
        var unavailable = IntOrPercent.Resolve(rolling?.MaxUnavailable?.Value ?? "1", nodes, roundUp: true);
        return new(surge, surge == 0 && unavailable == 0 ? 1 : unavailable);
    }

    /// <summary>Whether any node may have two pods.</summary>
    public static bool AllowsSurge(V1DaemonSet set) => Of(set, 1).MaxSurge > 0;

    public static bool IsRolling(V1DaemonSet set) => set.Spec.UpdateStrategy?.Type is null or "" or "RollingUpdate";
}
