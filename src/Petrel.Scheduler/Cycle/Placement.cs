using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Cycle;

/// <summary>The outcome of a scheduling cycle: a node, or why there is none and what may change that.</summary>
internal readonly record struct Placement(string? NodeName, string Message = "", ClusterEvents RetryOn = ClusterEvents.None);
