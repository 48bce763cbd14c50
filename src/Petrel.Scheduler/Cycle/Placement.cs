using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>The result of a scheduling cycle: a node, or why there is none and which events may change that.</summary>
internal readonly record struct Placement(string? NodeName, string Message = "", ClusterEvents RetryOn = ClusterEvents.None)
{
    /// <summary>The node's slot; -1 when there is none.</summary>
    public int Node { get; init; } = -1;

    /// <summary>The plugins that refused the pod.</summary>
    public IReadOnlyList<IPlugin> RefusedBy { get; init; } = [];

    /// <summary>What a post-filter plugin does for the pod; null when it has a node or no plugin helps.</summary>
    public PostFilterResult? PostFilter { get; init; }
}
