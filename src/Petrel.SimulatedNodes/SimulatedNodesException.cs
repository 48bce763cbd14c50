namespace Petrel.SimulatedNodes;

/// <summary>The simulator can't be in this cluster; the message is for the user.</summary>
public sealed class SimulatedNodesException(string message) : Exception(message);
