namespace Petrel.Controllers;

/// <summary>How the controllers work; the defaults are upstream's.</summary>
public sealed record ControllerSettings
{
    /// <summary>A node whose lease was not renewed for this long is unknown.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How often nodes are looked at.</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pods of a node that does not exist any more are deleted after this time.</summary>
    public TimeSpan OrphanedPodQuarantine { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How many finished pods are kept before the oldest are deleted.</summary>
    public int TerminatedPodThreshold { get; init; } = 12500;

    /// <summary>How many objects of a kind are worked on at once.</summary>
    public int Workers { get; init; } = 5;
}
