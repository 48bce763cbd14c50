using Petrel.Simulation.Execution;

namespace Petrel.Simulation.World;

/// <summary>A node. Its agent can die alone; a power cut ends the agent and the machine.</summary>
public sealed class SimulatedNode
{
    private readonly Func<SimulatedMachine> _build;
    private readonly Action _lost;
    private SimulatedMachine? _machine;

    /// <param name="simulator">The run.</param>
    /// <param name="name">The node's name, which is its agent process' name too.</param>
    /// <param name="build">A machine that has just got power: nothing runs on it.</param>
    /// <param name="compose">Starts the agent in a process on a machine.</param>
    /// <param name="lost">Everything that ran on the node is gone.</param>
    public SimulatedNode(
        Simulator simulator,
        string name,
        Func<SimulatedMachine> build,
        Action<SimulatedProcess, SimulatedMachine> compose,
        Action lost
    )
    {
        Name = name;
        _build = build;
        _lost = lost;
        Agent = new(simulator, name, process => compose(process, _machine!));
    }

    public string Name { get; }

    public bool HasPower => _machine is not null;

    /// <summary>The machine, while it has power.</summary>
    public SimulatedMachine? Machine => _machine;

    public RestartableProcess Agent { get; }

    public void PowerOff()
    {
        if (_machine is { } machine)
        {
            _machine = null;
            Agent.Crash();
            machine.Process.Kill();
            _lost();
        }
    }

    public void PowerOn()
    {
        if (_machine is null)
        {
            _machine = _build();
            _machine.Process.Time.Wall = Agent.Wall;
        }
        Agent.Start();
    }
}
