using Petrel.Simulation.Execution;

namespace Petrel.Simulation.World;

/// <summary>A machine: its agent can die alone; when its power goes, everything on it does.</summary>
public sealed class SimulatedNode
{
    private readonly Action _lost;

    /// <param name="simulator">The run.</param>
    /// <param name="name">The node's name, which is its agent process' name too.</param>
    /// <param name="compose">Starts the agent in a process.</param>
    /// <param name="lost">The node's containers are gone.</param>
    public SimulatedNode(Simulator simulator, string name, Action<SimulatedProcess> compose, Action lost)
    {
        Name = name;
        _lost = lost;
        Agent = new(simulator, name, compose);
    }

    public string Name { get; }
    public bool HasPower { get; private set; } = true;
    public RestartableProcess Agent { get; }

    public void PowerOff()
    {
        if (HasPower)
        {
            HasPower = false;
            Agent.Crash();
            _lost();
        }
    }

    public void PowerOn()
    {
        HasPower = true;
        Agent.Start();
    }
}
