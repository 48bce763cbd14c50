namespace Petrel.Controllers.Configuration;

/// <summary>How far a metric may be from its target before anything is done, as a fraction of the target.</summary>
public readonly record struct ScalingTolerances(double Down, double Up)
{
    /// <summary>The fraction that upstream's controller manager has by default.</summary>
    public static ScalingTolerances Default { get; } = new(0.1, 0.1);

    /// <summary>Whether a ratio of the metric to its target is near enough to 1.</summary>
    public bool Allow(double ratio) => 1 - Down <= ratio && ratio <= 1 + Up;
}
