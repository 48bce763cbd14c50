namespace Petrel.Simulation.Scenarios;

/// <summary>The scenarios that can be run by name.</summary>
public static class ScenarioList
{
    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<IScenario> All { get; } = [new DeploymentUnderCrashes(), new WritesUnderCrashes()];

    public static IScenario? Find(string name) => All.FirstOrDefault(s => s.Name == name);
}
