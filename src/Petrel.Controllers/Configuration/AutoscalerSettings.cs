namespace Petrel.Controllers.Configuration;

/// <summary>How autoscalers decide; the defaults are upstream's.</summary>
public sealed record AutoscalerSettings
{
    /// <summary>How often each autoscaler looks at its metrics.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How far a metric may be from its target, unless the autoscaler says.</summary>
    public ScalingTolerances Tolerances { get; init; } = ScalingTolerances.Default;

    /// <summary>How long recommendations hold a scale-down back, unless the autoscaler says.</summary>
    public TimeSpan DownscaleStabilization { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long after its start a pod's processor time is looked at with care.</summary>
    public TimeSpan CpuInitializationPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A pod that became unready within this time of its start is taken not to have been ready yet.</summary>
    public TimeSpan InitialReadinessDelay { get; init; } = TimeSpan.FromSeconds(30);
}
