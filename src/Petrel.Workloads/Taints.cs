using k8s.Models;

namespace Petrel.Workloads;

/// <summary>The effects of taints, and which of them apply to pods that do not tolerate the taint.</summary>
public static class Taints
{
    /// <summary>Pods that do not tolerate the taint are not scheduled to the node. Pods that run there stay.</summary>
    public const string NoSchedule = "NoSchedule";

    /// <summary>Pods that do not tolerate the taint are neither scheduled to the node nor kept on it.</summary>
    public const string NoExecute = "NoExecute";

    /// <summary>The scheduler prefers other nodes for pods that do not tolerate the taint.</summary>
    public const string PreferNoSchedule = "PreferNoSchedule";

    /// <summary>Whether the taint keeps pods that do not tolerate it from being scheduled: NoSchedule or NoExecute.</summary>
    public static bool PreventsScheduling(this V1Taint taint) => taint.Effect is NoSchedule or NoExecute;

    /// <summary>Whether the taint evicts pods that do not tolerate it: NoExecute.</summary>
    public static bool Evicts(this V1Taint taint) => taint.Effect == NoExecute;
}
