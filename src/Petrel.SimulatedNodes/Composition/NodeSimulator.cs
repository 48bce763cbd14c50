using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.SimulatedNodes.Nodes;
using Petrel.SimulatedNodes.Pods;

namespace Petrel.SimulatedNodes.Composition;

/// <summary>
/// Thousands of simulated nodes in one process (as KWOK does it): Node objects with leases that are renewed, and pods that start, run, fail
/// and end, with nothing behind them. One watch for all pods and one for all nodes; the rest is time. Everything is drawn from the
/// settings' seed.
/// </summary>
public sealed class NodeSimulator : IDisposable
{
    private readonly RetryStats _retries = new();
    private readonly SimulatedNodeManager _nodes;
    private readonly SimulatedPodManager _pods;

    /// <param name="settings">What the simulator is made of.</param>
    /// <param name="client">Must be allowed to write nodes, leases and every pod's status: it speaks for all nodes at once.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Where it logs.</param>
    /// <exception cref="ArgumentException">There are not addresses enough for so many nodes with so many pods.</exception>
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

    /// <summary>How the simulator is.</summary>
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

    /// <summary>Works until cancelled. Nodes and pods stay as they are then: another run goes on with them.</summary>
    /// <exception cref="SimulatedNodesException">The cluster has other nodes of the same names.</exception>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunTogetherAsync(cancellationToken, _nodes.RunAsync, _pods.RunAsync);

    /// <summary>
    /// Takes the simulator's nodes out of the cluster, after <see cref="RunAsync"/> has ended. Their pods are the cluster's to collect.
    /// </summary>
    public Task RemoveNodesAsync(CancellationToken cancellationToken) => _nodes.RemoveAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.Dispose();
        _pods.Dispose();
    }
}

/// <summary>How a simulator is at a moment.</summary>
/// <param name="Nodes">How many nodes it has.</param>
/// <param name="Registered">Those with a Node object.</param>
/// <param name="Ready">Those that are Ready in the eyes of the API.</param>
/// <param name="Silent">Those that have failed for a while.</param>
/// <param name="Starting">Pods whose containers don't run yet.</param>
/// <param name="Running">Pods whose containers run, or wait to be started again.</param>
/// <param name="Ending">Pods that were told to end and have not yet.</param>
/// <param name="Over">Pods whose containers have ended for good.</param>
/// <param name="Retries">Requests that failed and were sent again.</param>
/// <param name="LastProblem">Why the last of them failed.</param>
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
