using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>The rules that every run is held to, whatever its scenario.</summary>
public static class AllInvariants
{
    /// <summary>What must hold after every commit.</summary>
    public static IReadOnlyList<IInvariant> OfCommits(ClusterFacts facts) =>
        [
            new PlacementInvariant(facts),
            new CapacityInvariant(facts),
            new QuotaInvariant(facts),
            new BudgetInvariant(facts),
            new SurgeInvariant(),
            new AvailabilityInvariant(facts),
            new StatefulSetInvariant(facts),
            new DaemonInvariant(facts),
            new JobInvariant(facts),
            new CronJobInvariant(facts),
        ];

    /// <summary>What must hold whenever a container starts.</summary>
    public static IReadOnlyList<IRunRule> OfRuns(ClusterFacts facts) =>
        [new PlacementInvariant(facts), new IdentityRule(), new ClaimRule(facts)];
}
