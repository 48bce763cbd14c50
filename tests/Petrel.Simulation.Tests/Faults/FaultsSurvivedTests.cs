using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Faults;

public sealed class FaultsSurvivedTests
{
    public static TheoryData<string> Kinds => [.. BuiltInFaults.Registry.All.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_cluster_survives_much_of_one_kind_of_fault(string kind)
    {
        var scenario = new OneKind(BuiltInFaults.Registry.Find(kind)!);
        foreach (var seed in Scenarios.Seeds.To(1))
        {
            var result = SimulationRunner.RunSeed(scenario, seed, new());

            Assert.True(result.Passed, Scenarios.Show.Violation(result));
            Assert.InRange(result.Plan.Faults.Count, 3, 60);
            Assert.All(result.Plan.Faults, f => Assert.Equal(kind, f.Kind));
        }
    }

    /// <summary>The Deployment's scenario, in which only one kind of fault happens, more often.</summary>
    private sealed class OneKind(FaultDefinition kind) : IScenario
    {
        private readonly DeploymentUnderCrashes _inner = new();

        public string Name => _inner.Name;

        public string Description => _inner.Description;

        public WorldSettings World => _inner.World;

        public FaultSettings Faults { get; } = new() { Weights = [(kind, 1)], MeanInterval = TimeSpan.FromSeconds(6) };

        public TimeSpan ConvergeWithin => _inner.ConvergeWithin;

        public Task RunUserAsync(SimulatedWorld world, CancellationToken cancellationToken) =>
            _inner.RunUserAsync(world, cancellationToken);

        public string? Unfinished(SimulatedWorld world) => _inner.Unfinished(world);
    }
}
