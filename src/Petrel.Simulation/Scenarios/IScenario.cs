using Petrel.Simulation.Faults;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Scenarios;

/// <summary>What users do to a simulated cluster while it suffers, and what must be true in the end.</summary>
public interface IScenario
{
    string Name { get; }

    /// <summary>One line for the list of scenarios.</summary>
    string Description { get; }

    WorldSettings World { get; }

    FaultSettings Faults { get; }

    /// <summary>Once faults have stopped and users are done, the goal must be reached within this.</summary>
    TimeSpan ConvergeWithin { get; }

    /// <summary>Everything that users do, in the world's user process. Returns when they are done; throws when they are wronged.</summary>
    Task RunUserAsync(SimulatedWorld world, CancellationToken cancellationToken);

    /// <summary>What still differs from the goal, or null when it is reached.</summary>
    string? Unfinished(SimulatedWorld world);
}
