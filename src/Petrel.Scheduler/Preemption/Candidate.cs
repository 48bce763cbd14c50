using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>A node that can take the pod when these victims are gone.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Victims">The pods to preempt: at least one, the most important first.</param>
/// <param name="Violations">The number of victims whose eviction a disruption budget forbids.</param>
internal sealed record Candidate(string Node, IReadOnlyList<PodInfo> Victims, int Violations);
