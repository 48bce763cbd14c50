using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Tests.Scenarios;

namespace Petrel.Simulation.Tests.Mutations;

/// <summary>A rule that never fails proves nothing: each mutation breaks the cluster on purpose, and a rule must find it.</summary>
public sealed class MutationTests
{
    private const int MaxSeeds = 500;

    public static TheoryData<string> Names => [.. AllMutations.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_rule_finds_the_mutation(string name)
    {
        var mutation = AllMutations.All.Single(m => m.Name == name);
        var scenario = ScenarioList.Find(mutation.Scenario)!;
        var found = Seeds
            .To(MaxSeeds)
            .Select(seed => SimulationRunner.RunSeed(scenario, seed, new() { World = mutation.Break }))
            .FirstOrDefault(r => !r.Passed);

        Assert.True(found is not null, $"{MaxSeeds} seeds of {mutation.Scenario} passed");
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {mutation.Scenario} {found.Violation}");
        Assert.Contains(found.Violation!.Finding.Rule, mutation.Rules);
    }
}
