namespace Petrel.Scheduler.Events;

/// <summary>The kinds of events that may make an unschedulable pod schedulable.</summary>
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

    /// <summary>A pod was added to a node, or the labels of a pod on a node changed.</summary>
    PodAdded = 1 << 5,

    /// <summary>A pod on a node is gone or finished, or its placement was reverted.</summary>
    PodDeleted = 1 << 6,

    /// <summary>The labels of a namespace changed: pod affinity may select other pods.</summary>
    NamespaceLabels = 1 << 7,

    /// <summary>A pending pod is new, or its labels or spec changed.</summary>
    WaitingPod = 1 << 8,

    /// <summary>A persistent volume claim, persistent volume, storage class or CSI node was added, changed or removed.</summary>
    Storage = 1 << 9,

    /// <summary>A Service was added, changed or removed.</summary>
    Services = 1 << 10,

    /// <summary>A PodGroup was added or changed.</summary>
    PodGroups = 1 << 11,

    /// <summary>A disruption budget changed.</summary>
    DisruptionBudgets = 1 << 12,

    /// <summary>The requests of a pod on a node became smaller.</summary>
    PodShrunk = 1 << 13,

    /// <summary>Kinds of objects that a pod needs are known for the first time.</summary>
    ObjectsKnown = 1 << 14,

    Any = ~None,
}
