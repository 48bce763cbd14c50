using Petrel.Model.Determinism;
using Petrel.Simulation.Faults;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Tests.Plans;

public sealed class DrawingTests
{
    [Fact]
    public void A_seed_draws_the_same_plan_every_time_and_another_seed_another_one()
    {
        var scenario = new DeploymentUnderCrashes();

        Assert.Equal(PlanFile.Write(((IScenario)scenario).Draw(5)), PlanFile.Write(((IScenario)scenario).Draw(5)));
        Assert.NotEqual(PlanFile.Write(((IScenario)scenario).Draw(5)), PlanFile.Write(((IScenario)scenario).Draw(6)));
    }

    [Fact]
    public void Every_kind_of_fault_is_drawn_by_default_and_within_the_window()
    {
        var settings = new FaultSettings();
        var faults = Enumerable.Range(1, 100).SelectMany(seed => FaultDrawing.Draw(settings, 5, new SeededEntropy((ulong)seed))).ToArray();

        Assert.Equal(Enum.GetValues<FaultKind>().Order(), faults.Select(f => f.Kind).Distinct().Order());
        Assert.All(faults, f => Assert.InRange(f.End, TimeSpan.Zero, settings.Window));
    }

    [Fact]
    public void Weights_say_how_often_a_kind_is_drawn()
    {
        var settings = new FaultSettings
        {
            Weights = [(FaultKind.NodeCrash, 3), (FaultKind.WatchCut, 1)],
            MeanInterval = TimeSpan.FromMilliseconds(30),
        };
        var faults = FaultDrawing.Draw(settings, 5, new SeededEntropy(1));

        Assert.InRange(faults.Count, 3600, 4400);
        Assert.InRange(faults.Count(f => f.Kind == FaultKind.NodeCrash) / (double)faults.Count, 0.72, 0.78);
    }

    [Fact]
    public void Where_there_is_no_node_nothing_is_drawn_that_needs_one()
    {
        var faults = Enumerable.Range(1, 20).SelectMany(seed => FaultDrawing.Draw(new(), 0, new SeededEntropy((ulong)seed))).ToArray();

        Assert.NotEmpty(faults);
        Assert.DoesNotContain(faults, f => f.Target.StartsWith("node", StringComparison.Ordinal));
    }
}
