using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Binding;

/// <summary>A pod whose place is decided and kept, on its way to being bound.</summary>
internal sealed record PlacedPod(QueuedPod Queued, PodInfo Pod, string NodeName, int Node, Profile Profile)
{
    /// <summary>When it was placed.</summary>
    public DateTimeOffset Since { get; init; }
}
