using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>What a cluster must converge to by itself once the faults have stopped.</summary>
public interface IGoal
{
    /// <summary>What still differs from the goal, or null when it is reached.</summary>
    string? Unfinished(ClusterFacts facts, DateTimeOffset now);
}

/// <summary>
/// All goals, in the order in which a cluster usually reaches them: the first one that is missing is a cause rather than a consequence.
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
