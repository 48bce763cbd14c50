using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.SimulatedNodes;
using Petrel.SimulatedNodes.Composition;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.SimulatedNodes.Tests;

/// <summary>The real API server with a simulator, in virtual time.</summary>
internal sealed class SimulatedNodesWorld : IAsyncDisposable
{
    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly ApiServer.Composition.ApiServer _server;
    private SimulatedProcess? _simulatedProcess;
    private NodeSimulator? _simulated;

    public SimulatedNodesWorld(SimulatedNodesSettings? settings = null)
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
        if (settings is not null)
        {
            Start(settings);
            Run(2);
        }
    }

    /// <summary>A simulator that does everything at once and never fails.</summary>
    public static SimulatedNodesSettings Quick { get; } =
        new()
        {
            Count = 3,
            StartDelay = DurationRange.Seconds(1, 1),
            StopDelay = DurationRange.Seconds(1, 1),
            RunTime = DurationRange.Seconds(10, 10),
        };

    public ApiClient User { get; }

    public NodeSimulator NodeSimulator => _simulated!;

    /// <summary>What the simulator has asked of the API: method, path and query, and when.</summary>
    public List<(DateTimeOffset At, string What)> Requests { get; } = [];

    public DateTimeOffset Now => _process.Time.GetUtcNow();

    public SimulatedComponent Start(SimulatedNodesSettings settings)
    {
        _simulatedProcess = _simulator.CreateProcess("simulated");
        var client = new ApiClient(new Recorder(this), new UserInfo("admin", [UserInfo.MastersGroup]));
        _simulated = new(settings, client, _simulatedProcess.Time, NullLoggerFactory.Instance);
        return _simulator.Spawn(_simulatedProcess, "simulated", _simulated.RunAsync);
    }

    /// <summary>The simulator's process ends without a goodbye.</summary>
    public void Kill() => _simulatedProcess!.Kill();

    public void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    public void RunUntil(Func<bool> condition, double seconds) =>
        Assert.True(_simulator.RunUntil(condition, TimeSpan.FromSeconds(seconds)));

    public V1Pod Create(V1Pod pod)
    {
        Do(async stop => pod = await User.CreateAsync(pod, stop));
        return pod;
    }

    /// <summary>A pod that is bound to <c>sim-1</c>.</summary>
    public static V1Pod Pod(string name, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new()
            {
                NodeName = "sim-1",
                TerminationGracePeriodSeconds = 30,
                Containers = [new() { Name = "main", Image = "registry.example/web:1.2" }],
            },
        };
        change?.Invoke(pod);
        return pod;
    }

    public T Get<T>(string name, string ns = "default")
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> =>
        Find<T>(name, ns) ?? throw new InvalidOperationException($"There is no {name}.");

    public T? Find<T>(string name, string ns = "default")
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        T? result = null;
        Do(async stop => result = await User.FindAsync<T>(new ObjectKey(ns, name), stop));
        return result;
    }

    public void Delete(string pod, long? grace = null) =>
        Do(async stop => await User.DeleteAsync<V1Pod>(new ObjectKey("default", pod), new() { GracePeriodSeconds = grace }, stop));

    public void Do(Func<CancellationToken, Task> work)
    {
        var component = _simulator.Spawn(_process, "user", work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    public async ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        _simulated?.Dispose();
        await _store.DisposeAsync();
    }

    private sealed class Recorder(SimulatedNodesWorld world) : IApiHandler
    {
        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            world.Requests.Add((world.Now, $"{request.Method} {request.Path}{(request.QueryValue("watch") is null ? "" : " watch")}"));
            return world._server.HandleAsync(request, cancellationToken);
        }
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
