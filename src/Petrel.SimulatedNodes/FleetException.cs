namespace Petrel.SimulatedNodes;

/// <summary>The fleet can't be in this cluster; the message is for the user.</summary>
public sealed class FleetException(string message) : Exception(message);
