using System.Net;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Agent.Volumes;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Timelines;

namespace Petrel.Simulation.World;

/// <summary>The part of a node that is not its agent, from one power-on to the next power cut.</summary>
public sealed class SimulatedMachine
{
    private readonly RunningPods _running;
    private readonly Action<string, string> _report;
    private readonly Action<string, string> _note;
    private readonly SimulatedRuntime _runtime;

    internal SimulatedMachine(
        SimulatedProcess process,
        int number,
        IEntropy entropy,
        SimulatedStorage storage,
        RunningPods running,
        Action<string, string> report,
        Action<string, string> note
    )
    {
        Process = process;
        Number = number;
        _running = running;
        _report = report;
        _note = note;
        Volumes = new SimulatedPersistentVolumes(storage.Of(NodeName));
        _runtime = new SimulatedRuntime(
            process.Time,
            entropy,
            new() { Addresses = IPNetwork.Parse(PodCidr), Behaviour = SimulatedPrograms.Of }
        );
        Runtime = new ObservedRuntime(_runtime, Faults, process.Time, ContainerStarted, PodStopped);
    }

    /// <summary>The node's name.</summary>
    public string NodeName => $"node{Number}";

    /// <summary>1 for the first node.</summary>
    public int Number { get; }

    /// <summary>Lives as long as the machine has power: containers belong to it, not to the agent.</summary>
    public SimulatedProcess Process { get; }

    /// <summary>The node's range of pod addresses.</summary>
    public string PodCidr => $"10.200.{Number}.0/24";

    /// <summary>What is wrong with it.</summary>
    public MachineFaults Faults { get; } = new();

    /// <summary>The containers of this machine: an agent's death does not end them.</summary>
    public IContainerRuntime Runtime { get; }

    /// <summary>The persistent volumes that this machine can attach.</summary>
    public IPersistentVolumes Volumes { get; }

    /// <summary>A container of a pod has started here.</summary>
    public void ContainerStarted(string podUid)
    {
        _note(Process.ToString(), TimelineRecorder.ContainerStarted + podUid);
        foreach (var (rule, problem) in _running.Started(podUid, NodeName, () => Runs(podUid)))
        {
            _report(rule, problem);
        }
    }

    /// <summary>One of the containers that run ends by itself; see <see cref="SimulatedRuntime.EndOne"/>.</summary>
    public void EndContainer(int choice, int exitCode) => Process.Post(_ => _runtime.EndOne(choice, exitCode), null);

    /// <summary>Nothing of a pod runs here any more.</summary>
    public void PodStopped(string podUid) => _running.Stopped(podUid, NodeName);

    // The pods of a test's agent may be in no runtime: they run until that agent reports them as stopped.
    private bool Runs(string podUid)
    {
        var listing = Runtime.ListContainersAsync(default);
        if (!listing.IsCompletedSuccessfully)
        {
            throw new SimulationException("A simulated runtime lists its containers within the call.");
        }
        var containers = listing.Result.Where(c => c.PodUid == podUid).ToList();
        return containers.Count == 0 || containers.Exists(c => c.State == ContainerState.Running);
    }
}
