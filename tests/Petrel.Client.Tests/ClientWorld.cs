using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.Client.Tests;

/// <summary>The real API server in virtual time, an administrator, and a client behind a <see cref="Link"/>.</summary>
internal sealed class ClientWorld : IAsyncDisposable
{
    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;

    public ClientWorld(ApiServerOptions? options = null)
    {
        _process = _simulator.CreateProcess("test");
        var server = new ApiServer.Composition.ApiServer(
            options ?? new(),
            _store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        Link = new(server);
        User = new(server, new UserInfo("admin", [UserInfo.MastersGroup]));
        Client = new(Link, UserInfo.ControlPlane("test"));
        _simulator.Spawn(_process, "api", server.RunAsync);
        Assert.True(_simulator.RunUntil(() => server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
    }

    public Link Link { get; }

    /// <summary>Reaches the server whatever the link does.</summary>
    public ApiClient User { get; }

    /// <summary>Reaches the server over the link.</summary>
    public ApiClient Client { get; }

    public TimeProvider Time => _process.Time;

    public IEntropy Entropy { get; } = new SeededEntropy(7);

    /// <summary>Starts something, which must not fail.</summary>
    public SimulatedComponent Start(Func<CancellationToken, Task> body) => _simulator.Spawn(_process, "loop", body);

    /// <summary>Does something to its end.</summary>
    public void Do(Func<CancellationToken, Task> work)
    {
        var component = Start(work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    public void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    public V1ConfigMap CreateConfigMap(string name, string? color = null)
    {
        V1ConfigMap result = null!;
        Do(async stop => result = await User.CreateAsync(ConfigMap(name, color), stop));
        return result;
    }

    public void DeleteConfigMap(string name) =>
        Do(async stop => Assert.True(await User.DeleteAsync<V1ConfigMap>(new ObjectKey("default", name), new(), stop)));

    public void Paint(string name, string color) =>
        Do(async stop =>
            await User.PatchAsync<V1ConfigMap>(
                new("default", name),
                new()
                {
                    ["metadata"] = new System.Text.Json.Nodes.JsonObject
                    {
                        ["labels"] = new System.Text.Json.Nodes.JsonObject { ["color"] = color },
                    },
                },
                stop
            )
        );

    public static V1ConfigMap ConfigMap(string name, string? color = null) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Labels = color is null ? null : new Dictionary<string, string> { ["color"] = color },
            },
        };

    public ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        Link.Dispose();
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
