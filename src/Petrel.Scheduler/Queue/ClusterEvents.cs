namespace Petrel.Scheduler.Queue;

/// <summary>What happened in the cluster, as far as it may make an unschedulable pod schedulable.</summary>
[Flags]
internal enum ClusterEvents
{
    None = 0,
    NodeAdded = 1 << 0,
    NodeDeleted = 1 << 1,
    NodeAllocatable = 1 << 2,
    NodeLabels = 1 << 3,

    /// <summary>Taints, or <c>spec.unschedulable</c>.</summary>
    NodeTaints = 1 << 4,

    /// <summary>A pod came to a node, or one on a node changed its labels.</summary>
    PodAdded = 1 << 5,

    /// <summary>A pod on a node is gone or has ended, or a placement was taken back.</summary>
    PodDeleted = 1 << 6,

    /// <summary>A namespace's labels changed: pod affinity may select other pods.</summary>
    NamespaceLabels = 1 << 7,

    /// <summary>A pod that waits changed its labels or spec, or is new.</summary>
    WaitingPod = 1 << 8,

    /// <summary>A persistent volume claim, persistent volume, storage class or CSI node came or changed.</summary>
    Storage = 1 << 9,

    /// <summary>A Service came, changed or went.</summary>
    Services = 1 << 10,

    /// <summary>A PodGroup came or changed.</summary>
    PodGroups = 1 << 11,

    /// <summary>A disruption budget changed.</summary>
    DisruptionBudgets = 1 << 12,

    /// <summary>A pod on a node requests less than before.</summary>
    PodShrunk = 1 << 13,

    /// <summary>The first list of kinds that a pod waited for is known.</summary>
    ObjectsKnown = 1 << 14,

    Any = ~None,
}
