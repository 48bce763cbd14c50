using Petrel.Simulation.Network;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Faults;

/// <summary>What can break in a simulated cluster.</summary>
public interface IFaultTarget
{
    SimulatedNetwork Network { get; }

    /// <summary>The server's disk.</summary>
    DiskFaults Disk { get; }

    RestartableProcess Server { get; }
    RestartableProcess Controllers { get; }
    RestartableProcess Scheduler { get; }
    IReadOnlyList<SimulatedNode> Nodes { get; }

    /// <summary>The program of that name (a node's name is its agent's), or null when this cluster has none.</summary>
    RestartableProcess? FindProcess(string name);

    /// <summary>The node of that name, or null when this cluster has none.</summary>
    SimulatedNode? FindNode(string name);

    /// <summary>Starts a process again, unless what it runs on has no power.</summary>
    void Restart(RestartableProcess process);

    /// <summary>The store forgets everything but what is there now.</summary>
    ValueTask CompactAsync(CancellationToken cancellationToken);

    /// <summary>Writes a line of the history.</summary>
    void Note(string who, string what);

    /// <summary>Ends every disturbance and starts everything that is down.</summary>
    void HealAll();
}
