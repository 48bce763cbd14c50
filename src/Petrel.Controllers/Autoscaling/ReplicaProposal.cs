namespace Petrel.Controllers.Autoscaling;

/// <summary>What one metric asks for.</summary>
/// <param name="Replicas">The replicas that would bring the metric to its target.</param>
/// <param name="AverageMilliValue">The metric's average (or, for whole-object targets, its value), in thousandths.</param>
/// <param name="Utilization">The average in percent of what the pods request; null for targets that are values.</param>
public readonly record struct ReplicaProposal(int Replicas, long AverageMilliValue, int? Utilization = null);

/// <summary>How far a metric may be from its target before anything is done, as a fraction of the target.</summary>
public readonly record struct Tolerances(double Down, double Up)
{
    /// <summary>The fraction that upstream's controller manager has by default.</summary>
    public static Tolerances Default { get; } = new(0.1, 0.1);

    /// <summary>Whether a ratio of the metric to its target is near enough to 1.</summary>
    public bool Allow(double ratio) => 1 - Down <= ratio && ratio <= 1 + Up;
}
