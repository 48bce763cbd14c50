namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Where a cluster must come to by itself once nothing disturbs it any more.</summary>
public interface IGoal
{
    /// <summary>What still differs from the goal, or null when it is reached.</summary>
    string? Unfinished(ClusterFacts facts, DateTimeOffset now);
}

/// <summary>
/// All goals in the order in which they are mostly reached: what is named as unfinished is the cause rather than the consequence.
/// </summary>
public static class AllGoals
{
    public static IReadOnlyList<IGoal> Goals { get; } =
    [
        new NodesReady(),
        new PodsSettled(),
        new ReplicaSetsComplete(),
        new DeploymentsComplete(),
        new StatefulSetsComplete(),
        new DaemonSetsComplete(),
        new JobsComplete(),
        new CronJobsOnTime(),
        new BudgetsCounted(),
        new QuotasCounted(),
        new EndpointsCurrent(),
        new NoOrphans(),
    ];
}
