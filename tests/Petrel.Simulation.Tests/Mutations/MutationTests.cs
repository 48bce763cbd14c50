using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Tests.Scenarios;

namespace Petrel.Simulation.Tests.Mutations;

/// <summary>Rules that find nothing prove nothing: each of these clusters is wrong on purpose and must be found out.</summary>
public sealed class MutationTests
{
    private const int Patience = 500;

    public static TheoryData<string> Names => [.. AllMutations.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cluster_that_is_wrong_on_purpose_is_found_out(string name)
    {
        var mutation = AllMutations.All.Single(m => m.Name == name);
        var scenario = ScenarioList.Find(mutation.Scenario)!;
        var found = Seeds
            .To(Patience)
            .Select(seed => SimulationRunner.RunSeed(scenario, seed, new() { World = mutation.Break }))
            .FirstOrDefault(r => !r.Passed);

        Assert.True(found is not null, $"{Patience} seeds of {mutation.Scenario} passed");
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {mutation.Scenario} {found.Violation}");
        Assert.Contains(found.Violation!.Finding.Rule, mutation.Rules);
    }
}
