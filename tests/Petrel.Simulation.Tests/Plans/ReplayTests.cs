using System.Globalization;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Shrinking;
using Petrel.Simulation.Tests.Scenarios;
using Petrel.Simulation.Time;

namespace Petrel.Simulation.Tests.Plans;

public sealed class ReplayTests
{
    private static readonly IScenario Writes = new WritesUnderCrashes();
    private static readonly SimulationOptions Forgetful = new() { World = world => world with { Disk = () => new ForgetfulDisk() } };

    [Fact]
    public void A_plan_from_a_file_gives_the_same_history_byte_for_byte()
    {
        var scenario = new DeploymentUnderCrashes();
        var plan = ((IScenario)scenario).Draw(3);
        var drawn = SimulationRunner.RunPlan(scenario, plan, new());
        var read = SimulationRunner.RunPlan(scenario, PlanFile.Read(PlanFile.Write(plan, "a comment")), new());

        Assert.Equal(drawn.Digest, read.Digest);
    }

    [Fact]
    public void A_forgotten_write_is_shrunk_to_one_crash_and_replayed_from_its_file()
    {
        var found = Seeds.To(10).Select(seed => SimulationRunner.RunSeed(Writes, seed, Forgetful)).First(r => !r.Passed);
        var shrinker = new PlanShrinker(
            plan => SimulationRunner.RunPlan(Writes, plan, Forgetful).Violation?.Finding,
            new VirtualTimeProvider(),
            new() { MaxRuns = 60 }
        );
        var small = PlanFile.Read(PlanFile.Write(shrinker.Shrink(found.Plan)));
        var replayed = SimulationRunner.RunPlan(Writes, small, Forgetful);

        Assert.True(found.Plan.Faults.Count > 5, $"{found.Plan.Faults.Count} faults are no challenge");
        Assert.Equal(ProgramRestart.Server.Name, Assert.Single(small.Faults).Kind);
        Assert.Equal(small.Finding, PlannedFinding.Of(replayed.Violation!.Finding));
        Assert.Equal("acknowledged writes", small.Finding!.Rule);
        Assert.True(SimulationRunner.RunPlan(Writes, small, new()).Passed);
    }

    [Fact]
    public void Leaving_out_a_fault_changes_nothing_before_it()
    {
        var scenario = new DeploymentUnderCrashes();
        var plan = ((IScenario)scenario).Draw(4);
        var left = plan.Faults[plan.Faults.Count / 2];

        Assert.Equal(
            HistoryUntil(left.At, scenario, plan),
            HistoryUntil(left.At, scenario, plan with { Faults = [.. plan.Faults.Where(f => f != left)] })
        );
    }

    // Lines begin with their time; the line of the fault itself is of the time at which it begins.
    private static IReadOnlyList<string> HistoryUntil(TimeSpan end, IScenario scenario, RunPlan plan)
    {
        var lines = new List<string>();
        SimulationRunner.RunPlan(scenario, plan, new() { Trace = lines.Add });
        List<string> before =
        [
            .. lines.TakeWhile(l => TimeSpan.Parse(l[..l.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture) < end),
        ];
        Assert.True(before.Count > 100, $"only {before.Count} lines");
        return before;
    }
}
