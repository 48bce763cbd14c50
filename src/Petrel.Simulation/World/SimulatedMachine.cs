using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.World;

/// <summary>What runs on a node beside its agent, from one power-on to the next power cut.</summary>
public sealed class SimulatedMachine
{
    private readonly PlacementInvariant _placement;
    private readonly Action<string, string> _report;

    internal SimulatedMachine(SimulatedProcess process, int number, PlacementInvariant placement, Action<string, string> report)
    {
        Process = process;
        Number = number;
        _placement = placement;
        _report = report;
    }

    /// <summary>The node's name.</summary>
    public string NodeName => $"node{Number}";

    /// <summary>1 for the first node.</summary>
    public int Number { get; }

    /// <summary>Lives as long as the machine has power: containers belong to it, not to the agent.</summary>
    public SimulatedProcess Process { get; }

    /// <summary>A container of a pod has started here.</summary>
    public void ContainerStarted(string podUid)
    {
        if (_placement.Started(podUid, NodeName) is { } problem)
        {
            _report(_placement.Name, problem);
        }
    }

    /// <summary>Nothing of a pod runs here any more.</summary>
    public void PodStopped(string podUid) => _placement.Stopped(podUid, NodeName);
}
