using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Binding;

/// <summary>A pod that has a place and is not bound yet.</summary>
internal sealed record PlacedPod(QueuedPod Queued, PodInfo Pod, string NodeName, int Node, Profile Profile)
{
    /// <summary>When it was placed.</summary>
    public DateTimeOffset Since { get; init; }
}
