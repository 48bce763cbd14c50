using System.Text.Json.Nodes;
using Petrel.Faults;
using Petrel.Simulation.Generation;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Documentation;

/// <summary>The example of docs/simulation.md. The test beside it holds that the document shows this class.</summary>
public sealed class ScaledUnderCrashes : IScenario
{
    private static readonly JsonObject Web = Manifests.Object(
        "apps/v1",
        "Deployment",
        "web",
        new()
        {
            ["replicas"] = 3,
            ["selector"] = Manifests.Selector("web"),
            ["template"] = Manifests.Template("web", Manifests.Container("web:1")),
        }
    );

    public string Name => "scaled-under-crashes";
    public string Description => "scales a Deployment while everything breaks";
    public WorldSettings World { get; } = new() { Nodes = 3 };
    public FaultSettings Faults { get; } = new() { Window = TimeSpan.FromSeconds(60) };
    public TimeSpan ConvergeWithin { get; } = TimeSpan.FromMinutes(5);

    public RunPlan Draw(ulong seed)
    {
        var target = Manifests.TargetOf(Web);
        PlannedOperation create = new()
        {
            At = TimeSpan.FromSeconds(1),
            Kind = OperationKind.Create,
            Target = target,
            Body = Web,
        };
        PlannedOperation scale = new()
        {
            At = TimeSpan.FromSeconds(30),
            Kind = OperationKind.Scale,
            Target = target,
            Replicas = 5,
        };
        return PlanDrawing.FaultsOnly(this, seed) with { Operations = [create, scale] };
    }

    public string? Unfinished(SimulatedWorld world) =>
        world.Unfinished() ?? (world.Facts.Pods.Count == 5 ? null : $"there are {world.Facts.Pods.Count} pods, and not 5");
}
