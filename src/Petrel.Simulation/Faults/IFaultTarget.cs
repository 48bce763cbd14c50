using Petrel.Simulation.Network;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Faults;

/// <summary>What can break in a simulated cluster.</summary>
public interface IFaultTarget
{
    SimulatedNetwork Network { get; }
    RestartableProcess Server { get; }
    RestartableProcess Controllers { get; }
    RestartableProcess Scheduler { get; }
    IReadOnlyList<SimulatedNode> Nodes { get; }

    /// <summary>Starts a process again, unless what it runs on has no power.</summary>
    void Restart(RestartableProcess process);

    /// <summary>Ends every disturbance and starts everything that is down.</summary>
    void HealAll();
}
