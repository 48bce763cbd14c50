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
}
