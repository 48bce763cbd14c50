using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>A node that would take the pod if these others were gone.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Victims">Who must go: at least one, the most important first.</param>
/// <param name="Violations">How many of them a disruption budget would protect.</param>
internal sealed record Candidate(string Node, IReadOnlyList<PodInfo> Victims, int Violations);
