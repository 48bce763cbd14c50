using Petrel.Simulation.Plans;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Tests.Scenarios;

namespace Petrel.Simulation.Tests.Plans;

/// <summary>Plans of failures that were found once and mended: each is replayed as its file says, and passes.</summary>
public sealed class KeptPlansTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Plans", "Kept");

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(path => Path.GetFileName(path)!).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_kept_plan_is_replayed_and_its_failure_is_mended(string file)
    {
        var plan = PlanFile.Read(File.ReadAllText(Path.Combine(Folder, file)));
        var result = SimulationRunner.RunPlan(ScenarioList.Find(plan.Scenario)!, plan, new());

        Assert.True(result.Passed, Show.Violation(result));
        Assert.True(result.VirtualTime >= plan.FaultsEnd, $"it ended after {result.VirtualTime}, before its faults did");
    }
}
