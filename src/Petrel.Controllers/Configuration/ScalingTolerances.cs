namespace Petrel.Controllers.Configuration;

/// <summary>How far a metric may be from its target without a change, as a fraction of the target.</summary>
public readonly record struct ScalingTolerances(double Down, double Up)
{
    /// <summary>Upstream's default.</summary>
    public static ScalingTolerances Default { get; } = new(0.1, 0.1);

    /// <summary>Whether the ratio of a metric to its target is within the tolerances.</summary>
    public bool Allow(double ratio) => 1 - Down <= ratio && ratio <= 1 + Up;
}
