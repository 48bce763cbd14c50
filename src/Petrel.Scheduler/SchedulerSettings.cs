using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler;

/// <summary>How the scheduler works; the defaults are upstream's.</summary>
public sealed record SchedulerSettings
{
    /// <summary>
    /// A pod is scheduled by the profile that its <c>spec.schedulerName</c> names; the first one's name is also the reporter of events.
    /// </summary>
    public IReadOnlyList<ProfileSettings> Profiles { get; init; } = [new()];

    /// <summary>How long a pod waits after its first failed attempt; doubled with each further one.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An unschedulable pod is tried again after this long even when nothing happened that could help it.</summary>
    public TimeSpan UnschedulableFlush { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many placements may be on their way to the API at once.</summary>
    public int MaxBindingsInFlight { get; init; } = 256;

    /// <summary>How many pods of the same signature are placed before anything else is looked at.</summary>
    public int MaxBatch { get; init; } = 64;

    /// <summary>
    /// After so many feasible nodes, in percent of all, the search for more ends; 0 adapts to the cluster's size as upstream does
    /// (all of up to 100 nodes, half of 125, 10 % of 5,000).
    /// </summary>
    public int PercentageOfNodesToScore { get; init; }

    /// <summary>The plugins that profiles can use; for tests of the framework.</summary>
    internal IReadOnlyList<PluginEntry> Registry { get; init; } = PluginRegistry.BuiltIn;
}
