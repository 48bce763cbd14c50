using k8s.Models;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Events;

/// <summary>An event: its kinds, and the pod or node that it is about.</summary>
internal readonly record struct ClusterEvent(ClusterEvents Kinds)
{
    /// <summary>The pod before the event; null when it is new on its node, or the event is not about a pod.</summary>
    public PodInfo? OldPod { get; init; }

    /// <summary>The pod after the event; null when it is gone, or the event is not about a pod.</summary>
    public PodInfo? NewPod { get; init; }

    /// <summary>The node after the event; null when it is gone, or the event is not about a node.</summary>
    public V1Node? Node { get; init; }

    public static implicit operator ClusterEvent(ClusterEvents kinds) => new(kinds);
}
