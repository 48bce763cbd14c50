using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Cycle;

/// <summary>The outcome of a scheduling cycle: a node, or why there is none and what may change that.</summary>
internal readonly record struct Placement(string? NodeName, string Message = "", ClusterEvents RetryOn = ClusterEvents.None)
{
    /// <summary>The node's slot; -1 when there is none.</summary>
    public int Node { get; init; } = -1;

    /// <summary>The plugins that may let the pod pass when something happens.</summary>
    public IReadOnlyList<IPlugin> RefusedBy { get; init; } = [];

    /// <summary>What a plugin wants done at the API, when the pod fits nowhere: preemption.</summary>
    public PostFilterResult? PostFilter { get; init; }
}
