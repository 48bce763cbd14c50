using Petrel.Scheduler.Events;

namespace Petrel.Scheduler.Decisions;

/// <summary>The events that may make a pod schedulable, as text for users.</summary>
internal static class RetryReasons
{
    private static readonly (ClusterEvents Event, string Text)[] Texts =
    [
        (ClusterEvents.NodeAdded, "a node is added"),
        (ClusterEvents.NodeDeleted, "a node is removed"),
        (ClusterEvents.NodeAllocatable, "a node's allocatable resources change"),
        (ClusterEvents.NodeLabels, "a node's labels change"),
        (ClusterEvents.NodeTaints, "a node's taints change, or it is uncordoned"),
        (ClusterEvents.PodAdded, "a pod gets a node, or one changes its labels"),
        (ClusterEvents.PodDeleted, "a pod leaves its node"),
        (ClusterEvents.PodShrunk, "a pod requests less"),
        (ClusterEvents.NamespaceLabels, "a namespace's labels change"),
        (ClusterEvents.WaitingPod, "its labels or spec change"),
        (ClusterEvents.Storage, "a claim, volume, storage class or CSI node changes"),
        (ClusterEvents.Services, "a Service changes"),
    ];

    public static IReadOnlyList<string> For(ClusterEvents events) =>
        events == ClusterEvents.Any
            ? ["anything happens in the cluster"]
            : [.. Texts.Where(t => events.HasFlag(t.Event)).Select(t => t.Text)];
}
