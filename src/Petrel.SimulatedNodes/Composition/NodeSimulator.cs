using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.SimulatedNodes.Nodes;
using Petrel.SimulatedNodes.Pods;

namespace Petrel.SimulatedNodes.Composition;

/// <summary>
/// Simulates thousands of nodes in one process (as KWOK does). It creates Node objects, renews their leases, and reports the status of
/// pods that start, run, fail and terminate. No containers run. One watch covers all pods and one covers all nodes; everything else
/// happens by timers. All random values derive from the seed in the settings.
/// </summary>
public sealed class NodeSimulator : IDisposable
{
    private readonly RetryStats _retries = new();
    private readonly SimulatedNodeManager _nodes;
    private readonly SimulatedPodManager _pods;

    /// <param name="settings">The settings of the simulator.</param>
    /// <param name="client">Must be allowed to write nodes, leases and the status of every pod, because it acts for all nodes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Creates the loggers.</param>
    /// <exception cref="ArgumentException">The address ranges are too small for this number of nodes and pods per node.</exception>
    public NodeSimulator(SimulatedNodesSettings settings, ApiClient client, TimeProvider time, ILoggerFactory logs)
    {
        if (settings.Count > SimulatedAddressPlan.NodesFor(settings.MaxPods))
        {
            throw new ArgumentException(
                $"With {settings.MaxPods} pods each there are addresses for {SimulatedAddressPlan.NodesFor(settings.MaxPods)} nodes, "
                    + $"not for {settings.Count}.",
                nameof(settings)
            );
        }
        var random = new RandomSources(settings.Seed);
        _nodes = new(settings, client, time, random, _retries, logs.CreateLogger("Petrel.NodeSimulator.Nodes"));
        _pods = new(settings, client, time, random, _retries, _nodes.Find, logs.CreateLogger("Petrel.NodeSimulator.Pods"));
        _nodes.Recovered = _pods.WakeAllOn;
    }

    /// <summary>The current counts of nodes, pods and retries.</summary>
    public SimulatedNodesProgress Progress
    {
        get
        {
            var (all, registered, ready, silent) = _nodes.Count();
            var pods = _pods.Count();
            var (retries, problem) = _retries.Read();
            return new(
                all,
                registered,
                ready,
                silent,
                pods.GetValueOrDefault(PodStage.Starting),
                pods.GetValueOrDefault(PodStage.Running),
                pods.GetValueOrDefault(PodStage.Ending),
                pods.GetValueOrDefault(PodStage.Over),
                retries,
                problem
            );
        }
    }

    /// <summary>Runs until cancelled. Nodes and pods stay in the cluster, so that another run can resume them.</summary>
    /// <exception cref="SimulatedNodesException">The cluster has other nodes with the same names.</exception>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunTogetherAsync(cancellationToken, _nodes.RunAsync, _pods.RunAsync);

    /// <summary>
    /// Deletes the simulator's nodes after <see cref="RunAsync"/> has ended. The pod garbage collector of the cluster removes their pods.
    /// </summary>
    public Task RemoveNodesAsync(CancellationToken cancellationToken) => _nodes.RemoveAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.Dispose();
        _pods.Dispose();
    }
}

/// <summary>The state of a simulator at one moment.</summary>
/// <param name="Nodes">The number of simulated nodes.</param>
/// <param name="Registered">Nodes that have a Node object.</param>
/// <param name="Ready">Nodes whose Node object has the condition Ready.</param>
/// <param name="Silent">Nodes that simulate a failure and report nothing.</param>
/// <param name="Starting">Pods whose containers don't run yet.</param>
/// <param name="Running">Pods whose containers run or wait for a restart.</param>
/// <param name="Ending">Pods that are terminating.</param>
/// <param name="Over">Pods whose containers have terminated and will not restart.</param>
/// <param name="Retries">Requests that failed and were sent again.</param>
/// <param name="LastProblem">Why the most recent of these requests failed.</param>
public sealed record SimulatedNodesProgress(
    int Nodes,
    int Registered,
    int Ready,
    int Silent,
    int Starting,
    int Running,
    int Ending,
    int Over,
    long Retries,
    string LastProblem
);
