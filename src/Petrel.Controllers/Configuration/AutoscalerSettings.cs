namespace Petrel.Controllers.Configuration;

/// <summary>Settings of the HorizontalPodAutoscaler controller. The defaults are upstream's.</summary>
public sealed record AutoscalerSettings
{
    /// <summary>How often each autoscaler is synced.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How far a metric may be from its target without a change, unless the autoscaler says otherwise.</summary>
    public ScalingTolerances Tolerances { get; init; } = ScalingTolerances.Default;

    /// <summary>The window in which the highest recommendation counts for scaling down, unless the autoscaler says otherwise.</summary>
    public TimeSpan DownscaleStabilization { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long after a pod's start its CPU usage counts only while it is ready.</summary>
    public TimeSpan CpuInitializationPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A pod that became unready within this time of its start counts as not ready yet.</summary>
    public TimeSpan InitialReadinessDelay { get; init; } = TimeSpan.FromSeconds(30);
}
