using Petrel.Faults;
using Petrel.Simulation.Plans;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Scenarios;

/// <summary>What users do to a simulated cluster while faults are injected, and what must be true in the end.</summary>
public interface IScenario
{
    string Name { get; }

    /// <summary>One line for the list of scenarios.</summary>
    string Description { get; }

    WorldSettings World { get; }

    FaultSettings Faults { get; }

    /// <summary>Once faults have stopped and users are done, the goal must be reached within this.</summary>
    TimeSpan ConvergeWithin { get; }

    /// <summary>
    /// The run of a seed, a pure function of it. Unless a scenario says otherwise its faults are drawn and its users are code; one that
    /// draws <see cref="RunPlan.Operations"/> too can be shrunk to those that matter.
    /// </summary>
    RunPlan Draw(ulong seed) => PlanDrawing.FaultsOnly(this, seed);

    /// <summary>
    /// What users do by code, in the world's user process, beside the plan's operations. Returns when they are done; throws when the
    /// cluster breaks a promise to them.
    /// </summary>
    Task RunUserAsync(SimulatedWorld world, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// What still differs from the goal, or null when it is reached. Where the goal follows from what was planned, see <see
    /// cref="SimulatedWorld.Plan"/>.
    /// </summary>
    string? Unfinished(SimulatedWorld world);
}
