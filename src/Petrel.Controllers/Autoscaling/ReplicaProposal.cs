namespace Petrel.Controllers.Autoscaling;

/// <summary>What one metric asks for.</summary>
/// <param name="Replicas">The replicas that would bring the metric to its target.</param>
/// <param name="AverageMilliValue">The metric's average (or, for whole-object targets, its value), in thousandths.</param>
/// <param name="Utilization">The average in percent of what the pods request; null for targets that are values.</param>
public readonly record struct ReplicaProposal(int Replicas, long AverageMilliValue, int? Utilization = null);
