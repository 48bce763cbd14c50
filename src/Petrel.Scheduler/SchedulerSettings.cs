namespace Petrel.Scheduler;

/// <summary>How the scheduler works; the defaults are upstream's.</summary>
public sealed record SchedulerSettings
{
    /// <summary>Pods whose <c>spec.schedulerName</c> is this are scheduled here.</summary>
    public string SchedulerName { get; init; } = "default-scheduler";

    /// <summary>How long a pod waits after its first failed attempt; doubled with each further one.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An unschedulable pod is tried again after this long even when nothing happened that could help it.</summary>
    public TimeSpan UnschedulableFlush { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many placements may be on their way to the API at once.</summary>
    public int MaxBindingsInFlight { get; init; } = 256;

    /// <summary>
    /// After so many feasible nodes, in percent of all, the search for more ends; 0 adapts to the cluster's size as upstream does
    /// (all of up to 100 nodes, half of 125, 10 % of 5,000).
    /// </summary>
    public int PercentageOfNodesToScore { get; init; }
}
