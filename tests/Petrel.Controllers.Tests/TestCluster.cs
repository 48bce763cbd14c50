using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Controllers.Composition;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Network;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.Controllers.Tests;

/// <summary>The real API server and some of the real controllers in virtual time, without scheduler and nodes: tests fake them.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly Simulator _simulator;
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly Action _startControllers;
    private SimulatedProcess? _controllers;

    public TestCluster(
        ControllerSettings settings,
        Func<ControllerContext, IController[]> compose,
        ulong seed = 1,
        Func<IRevisionedStore, TimeProvider, IEntropy, IRevisionedStore>? wrapStore = null,
        ApiServerOptions? options = null,
        INodeConnector? nodes = null,
        bool overNetwork = false,
        Func<IApiHandler, IApiHandler>? wrapApi = null
    )
    {
        _simulator = new(seed);
        Network = new(_simulator.History);
        _process = _simulator.CreateProcess("server");
        var store = wrapStore?.Invoke(_store, _process.Time, _simulator.Entropy.Fork()) ?? _store;
        var server = new ApiServer.Composition.ApiServer(
            options ?? new(),
            store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            nodes ?? new NoNodes(),
            NullLoggerFactory.Instance
        );
        Api = server;
        User = new(server, new UserInfo("admin", [UserInfo.MastersGroup]));
        _simulator.Spawn(_process, "api", server.RunAsync);
        Assert.True(_simulator.RunUntil(() => server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        _startControllers = () =>
        {
            var process = overNetwork ? _simulator.CreateProcess("controllers") : _process;
            IApiHandler api = overNetwork
                ? new SimulatedLink(Network, process, _simulator.Entropy.Fork(), () => new(_process, server))
                : server;
            var manager = new ControllerManager(
                new(wrapApi?.Invoke(api) ?? api, UserInfo.ControlPlane("kube-controller-manager")),
                process.Time,
                _simulator.Entropy.Fork(),
                settings,
                NullLoggerFactory.Instance,
                compose
            );
            _simulator.Spawn(process, "controllers", manager.RunAsync);
            _controllers = process;
        };
        _startControllers();
    }

    public TestCluster(Func<ControllerContext, IController[]> compose)
        : this(new(), compose) { }

    /// <summary>An administrator's client, to be used inside <see cref="Do"/>.</summary>
    public ApiClient User { get; }

    /// <summary>The API server itself.</summary>
    public IApiHandler Api { get; }

    /// <summary>The network between the controllers and the API server, if the controllers have their own process.</summary>
    public SimulatedNetwork Network { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    public TimeProvider Time => _process.Time;

    /// <summary>Executes requests as the administrator.</summary>
    public void Do(Func<ApiClient, CancellationToken, Task> work) => DoAll([work]);

    /// <summary>Executes several requests concurrently as the administrator.</summary>
    public void DoAll(IEnumerable<Func<ApiClient, CancellationToken, Task>> work, double seconds = 10)
    {
        var components = work.Select(w => _simulator.Spawn(_process, "user", stop => w(User, stop))).ToList();
        Assert.True(_simulator.RunUntil(() => components.All(c => c.HasEnded), TimeSpan.FromSeconds(seconds)));
        Assert.Empty(_simulator.Findings);
    }

    /// <summary>Advances virtual time.</summary>
    public void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    public T Create<T>(T value)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        T result = default!;
        Do(async (user, stop) => result = await user.CreateAsync(value, stop));
        return result;
    }

    /// <summary>The object, or null.</summary>
    public T? Find<T>(string name, string ns = "default")
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        T? result = null;
        Do(async (user, stop) => result = await user.FindAsync<T>(new ObjectKey(ns, name), stop));
        return result;
    }

    public IReadOnlyList<T> List<T>(string ns = "default", string? labelSelector = null)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        IReadOnlyList<T> result = [];
        Do(async (user, stop) => (result, _) = await user.ListAsync<T>(ns, stop, labelSelector));
        return result;
    }

    /// <summary>Kills the controllers and starts new ones without their state. Only with <c>overNetwork</c>.</summary>
    public void RestartControllers()
    {
        Assert.NotSame(_process, _controllers);
        _controllers!.Kill();
        _startControllers();
    }

    /// <summary>Reads, changes and writes an object; <paramref name="status"/> writes the status subresource.</summary>
    public T Change<T>(string name, Action<T> change, bool status = false, string ns = "default")
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        T result = null!;
        Do(
            async (user, stop) =>
            {
                var value = await user.GetAsync<T>(new ObjectKey(ns, name), stop);
                change(value);
                result = status ? await user.UpdateStatusAsync(value, stop) : await user.UpdateAsync(value, stop);
            }
        );
        return result;
    }

    /// <summary>Fakes the kubelet: the pod is Running, and ready or not, since now.</summary>
    public void SetReady(string pod, bool ready = true) =>
        Change<V1Pod>(
            pod,
            p =>
                p.Status = new()
                {
                    Phase = "Running",
                    Conditions =
                    [
                        new()
                        {
                            Type = "Ready",
                            Status = ready ? "True" : "False",
                            LastTransitionTime = Now.UtcDateTime,
                        },
                    ],
                },
            status: true
        );

    public ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        return _store.DisposeAsync();
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
