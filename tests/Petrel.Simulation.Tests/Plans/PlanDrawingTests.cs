using Petrel.Simulation.Plans;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Tests.Plans;

public sealed class PlanDrawingTests
{
    [Fact]
    public void A_seed_draws_the_same_plan_every_time_and_another_seed_another_one()
    {
        var scenario = new DeploymentUnderCrashes();

        Assert.Equal(PlanFile.Write(((IScenario)scenario).Draw(5)), PlanFile.Write(((IScenario)scenario).Draw(5)));
        Assert.NotEqual(PlanFile.Write(((IScenario)scenario).Draw(5)), PlanFile.Write(((IScenario)scenario).Draw(6)));
    }
}
