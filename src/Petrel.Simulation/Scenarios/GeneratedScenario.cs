using Petrel.Faults;
using Petrel.Model.Determinism;
using Petrel.Simulation.Generation;
using Petrel.Simulation.Plans;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Scenarios;

/// <summary>
/// A scenario whose users are drawn, so that its plans can be shrunk: a seed gives manifests, operations and faults. The cluster must
/// converge when the faults have stopped.
/// </summary>
/// <param name="name">The scenario's name.</param>
/// <param name="description">One line for the list of scenarios.</param>
/// <param name="compose">Adds the parts.</param>
public sealed class GeneratedScenario(string name, string description, Action<WorkloadBuilder> compose) : IScenario
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Description => description;

    /// <inheritdoc/>
    public WorldSettings World { get; init; } = Small;

    /// <inheritdoc/>
    public FaultSettings Faults { get; init; } = Short;

    /// <inheritdoc/>
    public TimeSpan ConvergeWithin { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>What must hold in the end; all goals by default.</summary>
    public Func<SimulatedWorld, string?> Goal { get; init; } = static world => world.Unfinished();

    /// <summary>Three nodes whose loss is noticed soon, to keep runs short.</summary>
    public static WorldSettings Small { get; } =
        new()
        {
            Nodes = 3,
            TolerationSeconds = 6,
            WatchWindow = 256,
            Controllers = RealPrograms.ControllersFor(NodePace.Fast),
            Agent = RealPrograms.AgentFor(NodePace.Fast),
        };

    /// <summary>Faults for a short time.</summary>
    public static FaultSettings Short { get; } =
        new()
        {
            Window = TimeSpan.FromSeconds(45),
            MeanInterval = TimeSpan.FromSeconds(4),
            MaxOutage = TimeSpan.FromSeconds(25),
            MaxRestart = TimeSpan.FromSeconds(4),
            FarthestJump = TimeSpan.FromMinutes(2),
        };

    /// <inheritdoc/>
    public RunPlan Draw(ulong seed)
    {
        var workloads = new WorkloadBuilder(EntropyPurposes.Of(seed, "operations"), Faults.Window, World.Nodes);
        compose(workloads);
        return PlanDrawing.FaultsOnly(this, seed) with { Operations = workloads.Operations };
    }

    /// <inheritdoc/>
    public string? Unfinished(SimulatedWorld world) => Goal(world);
}
