namespace Petrel.SimulatedNodes;

/// <summary>The simulator can't run in this cluster. The message is shown to the user.</summary>
public sealed class SimulatedNodesException(string message) : Exception(message);
