namespace Petrel.Simulation.Execution;

/// <summary>The simulation itself can't go on: what it would show could not be trusted or repeated.</summary>
public sealed class SimulationException(string message) : Exception(message);
