using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Agent.Volumes;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.Agent.Tests.Pods;

/// <summary>The agent with the real API server, over simulated containers, in virtual time.</summary>
public abstract class AgentTestBed : IAsyncDisposable
{
    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly SimulatedRuntime _runtime;
    private readonly ApiServer.Composition.ApiServer _server;

    private Func<CancellationToken, Task> _shutDown = static _ => Task.CompletedTask;

    /// <summary>The behaviour of the containers with these names.</summary>
    private protected Dictionary<string, ContainerBehaviour> Behaviours { get; } = [];

    /// <summary>The specs of the containers that were created, by name.</summary>
    private protected Dictionary<string, ContainerSpec> Specs { get; } = [];

    /// <summary>The sizes in bytes of the volumes with these names.</summary>
    private protected Dictionary<string, long> VolumeSizes { get; } = [];

    private protected CountingRuntime Runtime { get; }

    private protected ScriptedProber Prober { get; } = new();

    private protected ApiClient User { get; }

    private protected SimulatedProcess Agent { get; set; }

    protected AgentTestBed()
    {
        _process = _simulator.CreateProcess("server");
        _server = new(
            new ApiServerOptions(),
            _store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        User = new(_server, new UserInfo("admin", [UserInfo.MastersGroup]));
        _simulator.Spawn(_process, "api", _server.RunAsync);
        Assert.True(_simulator.RunUntil(() => _server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        _runtime = new(
            _process.Time,
            _simulator.Entropy.Fork(),
            new() { Addresses = IPNetwork.Parse("10.200.1.0/24"), Behaviour = BehaviourOf }
        );
        Runtime = new(_runtime, _process.Time);
        Agent = StartAgent();
        Run(2);
    }

    /// <summary>The time since the start of the test's agent.</summary>
    protected DateTimeOffset Now => _process.Time.GetUtcNow();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _simulator.Dispose();
        return _store.DisposeAsync();
    }

    private ContainerBehaviour BehaviourOf(ContainerSpec spec)
    {
        Specs[spec.Name] = spec;
        return Behaviours.GetValueOrDefault(spec.Name) ?? new();
    }

    private protected SimulatedProcess StartAgent(IPodFiles? files = null)
    {
        var process = _simulator.CreateProcess("agent");
        var agent = new NodeAgent(
            new()
            {
                NodeName = "node1",
                NodeAddress = "10.200.255.1",
                PodCidr = "10.200.1.0/24",
            },
            new(_server, UserInfo.Node("node1")),
            Runtime,
            files ?? new SimulatedPodFiles(volume => VolumeSizes.GetValueOrDefault(volume)),
            new SimulatedPersistentVolumes(),
            Prober,
            process.Time,
            _simulator.Entropy.Fork(),
            NullLoggerFactory.Instance
        );
        var stop = new CancellationTokenSource();
        var loop = _simulator.Spawn(process, "agent", _ => agent.RunAsync(stop.Token));
        _shutDown = async cancellationToken =>
        {
            stop.Cancel();
            while (!loop.HasEnded)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), process.Time, cancellationToken);
            }
            await agent.ShutDownAsync(cancellationToken);
        };
        return process;
    }

    /// <summary>Ends the agent's loops, then lets it stop the node's pods.</summary>
    protected void ShutDown()
    {
        var component = _simulator.Spawn(Agent, "shutdown", _shutDown);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(60)));
        Assert.Empty(_simulator.Findings);
    }

    protected static V1Pod Pod(string name, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new()
            {
                NodeName = "node1",
                TerminationGracePeriodSeconds = 1,
                Containers = [new() { Name = "main", Image = "web:1" }],
            },
        };
        change?.Invoke(pod);
        return pod;
    }

    protected void Create<T>(T value)
        where T : k8s.IKubernetesObject<V1ObjectMeta> => Do(async stop => await User.CreateAsync(value, stop));

    protected T Get<T>(string name, string ns = "default")
        where T : k8s.IKubernetesObject<V1ObjectMeta>
    {
        T result = default!;
        Do(async stop => result = await User.GetAsync<T>(new ObjectKey(ns, name), stop));
        return result;
    }

    protected List<string> Events(string pod)
    {
        List<string> reasons = [];
        Do(async stop =>
            reasons = [
                .. (await User.ListAsync<Corev1Event>("default", stop))
                    .Items.Where(e => e.InvolvedObject.Name == pod)
                    .Select(e => e.Reason)
                    .Distinct()
                    .Order(StringComparer.Ordinal),
            ]
        );
        return reasons;
    }

    /// <summary>The events of a pod as <c>REASON: MESSAGE</c>, in the order of their names, as kubectl lists them.</summary>
    protected List<string> EventTexts(string pod)
    {
        List<string> texts = [];
        Do(async stop =>
            texts = [
                .. (await User.ListAsync<Corev1Event>("default", stop))
                    .Items.Where(e => e.InvolvedObject.Name == pod)
                    .Select(e => $"{e.Reason}: {e.Message}"),
            ]
        );
        return texts;
    }

    protected void Delete(string name, int? grace = null) =>
        Do(async stop => await User.DeleteAsync<V1Pod>(new ObjectKey("default", name), new() { GracePeriodSeconds = grace }, stop));

    protected bool Exists(string name)
    {
        var exists = false;
        Do(async stop => exists = await User.FindAsync<V1Pod>(new ObjectKey("default", name), stop) is not null);
        return exists;
    }

    protected void Do(Func<CancellationToken, Task> work)
    {
        var component = _simulator.Spawn(_process, "user", work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    protected void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no agents here");
    }
}
