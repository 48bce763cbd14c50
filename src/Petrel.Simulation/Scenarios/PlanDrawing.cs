using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Scenarios;

/// <summary>Draws the plans of scenarios.</summary>
public static class PlanDrawing
{
    /// <summary>A plan with the scenario's world and drawn faults, without operations.</summary>
    public static RunPlan FaultsOnly(IScenario scenario, ulong seed) =>
        new()
        {
            Scenario = scenario.Name,
            Seed = seed,
            World = new() { Nodes = scenario.World.Nodes, TolerationSeconds = scenario.World.TolerationSeconds },
            FaultsEnd = scenario.Faults.Window,
            Faults = FaultDrawing.Draw(scenario.Faults, BuiltInFaults.Registry, scenario.World.Nodes, seed),
        };
}
