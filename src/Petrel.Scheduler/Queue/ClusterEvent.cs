using k8s.Models;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Queue;

/// <summary>One thing that happened: its kinds, and the pod or node that it is about as far as there is one.</summary>
internal readonly record struct ClusterEvent(ClusterEvents Kinds)
{
    /// <summary>The pod as it was; null when it is new on its node, or the event is about none.</summary>
    public PodInfo? OldPod { get; init; }

    /// <summary>The pod as it is; null when it is gone, or the event is about none.</summary>
    public PodInfo? NewPod { get; init; }

    /// <summary>The node as it is; null when it is gone, or the event is about none.</summary>
    public V1Node? Node { get; init; }

    public static implicit operator ClusterEvent(ClusterEvents kinds) => new(kinds);
}
