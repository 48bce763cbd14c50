namespace Petrel.Scheduler.Decisions;

/// <summary>How much is kept of what led to decisions.</summary>
public sealed record DecisionSettings
{
    /// <summary>Of how many pods; those that were decided about the longest ago are forgotten first. 0 keeps nothing.</summary>
    public int Pods { get; init; } = 1000;

    /// <summary>How many decisions of each pod, the last ones.</summary>
    public int PerPod { get; init; } = 5;

    /// <summary>Of how many nodes the scores are kept: those with the highest sums.</summary>
    public int ScoredNodes { get; init; } = 10;

    /// <summary>How many nodes are named of those that were refused for the same reason; the others are counted.</summary>
    public int NodesPerReason { get; init; } = 20;
}
