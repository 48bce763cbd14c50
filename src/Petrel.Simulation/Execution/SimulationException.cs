namespace Petrel.Simulation.Execution;

/// <summary>The simulation can't continue: its results could not be trusted or repeated.</summary>
public sealed class SimulationException(string message) : Exception(message);
