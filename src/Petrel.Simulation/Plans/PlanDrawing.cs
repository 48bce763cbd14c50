using Petrel.Simulation.Execution;
using Petrel.Simulation.Faults;
using Petrel.Simulation.Scenarios;

namespace Petrel.Simulation.Plans;

/// <summary>What scenarios draw their plans with.</summary>
public static class PlanDrawing
{
    /// <summary>A plan with the scenario's world and drawn faults; users are code.</summary>
    public static RunPlan FaultsOnly(IScenario scenario, ulong seed) =>
        new()
        {
            Scenario = scenario.Name,
            Seed = seed,
            World = new() { Nodes = scenario.World.Nodes, TolerationSeconds = scenario.World.TolerationSeconds },
            FaultsEnd = scenario.Faults.Window,
            Faults = FaultDrawing.Draw(scenario.Faults, scenario.World.Nodes, EntropyPurposes.Of(seed, "planned faults")),
        };
}
