using Petrel.Simulation.Execution;
using Petrel.Simulation.Time;

namespace Petrel.Simulation.World;

/// <summary>A program that can crash and be started again. Each start is a new process of the same name.</summary>
public sealed class RestartableProcess(Simulator simulator, string name, Action<SimulatedProcess> compose)
{
    public string Name => name;

    /// <summary>The incarnation that runs, or null while it is down.</summary>
    public SimulatedProcess? Current { get; private set; }

    public bool IsUp => Current is { IsAlive: true };

    /// <summary>The wall clock of the machine it runs on, which stays when it crashes.</summary>
    public WallClock Wall { get; } = new(simulator.Clock);

    /// <summary>Called when an incarnation has crashed.</summary>
    public Action? Crashed { get; init; }

    /// <summary>Starts a new incarnation, unless one runs.</summary>
    public void Start()
    {
        if (!IsUp)
        {
            Current = simulator.CreateProcess(name);
            Current.Time.Wall = Wall;
            simulator.History.Append(Current.ToString(), "started");
            compose(Current);
        }
    }

    /// <summary>Ends the running incarnation at whatever await it stands.</summary>
    public void Crash()
    {
        if (IsUp)
        {
            Current!.Kill();
            Crashed?.Invoke();
        }
    }
}
