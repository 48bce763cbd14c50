namespace Petrel.Scheduler.Settings;

/// <summary>The scheduler's settings. The defaults are upstream's.</summary>
public sealed record SchedulerSettings
{
    /// <summary>
    /// The profiles. A pod is scheduled by the one that its <c>spec.schedulerName</c> names. The first one's name is the reporter of
    /// events.
    /// </summary>
    public IReadOnlyList<ProfileSettings> Profiles { get; init; } = [new()];

    /// <summary>The back-off after the first failed attempt. It doubles with each further one.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An unschedulable pod is tried again after this time even without an event.</summary>
    public TimeSpan UnschedulableFlush { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The number of bindings that may be sent at once.</summary>
    public int MaxBindingsInFlight { get; init; } = 256;

    /// <summary>The number of pods of one signature that are placed before messages are handled.</summary>
    public int MaxBatch { get; init; } = 64;

    /// <summary>
    /// The search for nodes ends after this many feasible ones, in percent of all nodes. 0 adapts to the cluster's size, as upstream
    /// (all of up to 100 nodes, half of 125, 10 % of 5,000).
    /// </summary>
    public int PercentageOfNodesToScore { get; init; }
}
