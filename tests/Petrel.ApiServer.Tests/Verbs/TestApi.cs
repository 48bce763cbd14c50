using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.ApiServer.Subresources;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.ApiServer.Tests;

/// <summary>An API server over a memory store, and short ways to ask it.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private bool _keepStore;

    private TestApi(
        ApiServerOptions options,
        INodeConnector nodes,
        MemoryStore? store,
        KindRegistry? kinds,
        IWebhookCaller? webhooks,
        ITokenKeys? tokenKeys,
        IComponentHealth? components,
        ISchedulingDecisions? decisions,
        Func<MemoryStore, IRevisionedStore>? wrap
    )
    {
        Store = store ?? new MemoryStore();
        Server = new Composition.ApiServer(
            options,
            wrap?.Invoke(Store) ?? Store,
            kinds ?? BuiltInKinds.Registry,
            Time,
            new SeededEntropy(1),
            nodes,
            NullLoggerFactory.Instance,
            webhooks,
            tokenKeys,
            components,
            decisions
        );
        _running = Server.RunAsync(_stop.Token);
    }

    public ManualTime Time { get; } = new();
    public MemoryStore Store { get; }
    public Composition.ApiServer Server { get; }

    public static async Task<TestApi> StartAsync(
        ApiServerOptions? options = null,
        INodeConnector? nodes = null,
        MemoryStore? store = null,
        KindRegistry? kinds = null,
        IWebhookCaller? webhooks = null,
        ITokenKeys? tokenKeys = null,
        IComponentHealth? components = null,
        ISchedulingDecisions? decisions = null,
        Func<MemoryStore, IRevisionedStore>? wrap = null
    )
    {
        var api = new TestApi(
            options ?? new ApiServerOptions(),
            nodes ?? new NoNodes(),
            store,
            kinds,
            webhooks,
            tokenKeys,
            components,
            decisions,
            wrap
        );
        await api.Server.Ready.WaitAsync(Patience);
        return api;
    }

    /// <summary>Leaves the store to the next server.</summary>
    public void KeepStore() => _keepStore = true;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(Patience);
        if (!_keepStore)
        {
            await Store.DisposeAsync();
        }
        _stop.Dispose();
    }

    public ValueTask<ApiResponse> SendAsync(
        string method,
        string target,
        string body = "",
        string contentType = "application/json",
        string accept = "application/json",
        UserInfo? user = null,
        string token = "",
        Impersonation? impersonation = null,
        CancellationToken cancellationToken = default
    )
    {
        var question = target.IndexOf('?', StringComparison.Ordinal);
        return Server.HandleAsync(
            new ApiRequest
            {
                Method = method,
                Path = question < 0 ? target : target[..question],
                Query = question < 0 ? [] : [.. target[(question + 1)..].Split('&').Select(Pair)],
                Body = Encoding.UTF8.GetBytes(body),
                ContentType = body.Length > 0 ? contentType : "",
                Accept = accept,
                Authorization = token.Length > 0 ? $"Bearer {token}" : "",
                Impersonation = impersonation,
                User = user ?? (token.Length > 0 ? UserInfo.Anonymous : UserInfo.ControlPlane("test")),
            },
            cancellationToken
        );
    }

    /// <summary>The answer's document; fails the test when the status is another.</summary>
    public async Task<JsonObject> JsonAsync(
        int status,
        string method,
        string target,
        string body = "",
        string contentType = "application/json",
        string accept = "application/json",
        UserInfo? user = null
    )
    {
        var response = await SendAsync(method, target, body, contentType, accept, user);
        Assert.True(response.StatusCode == status, $"{method} {target}: expected {status}, got {response.StatusCode} {response.BodyText}");
        return DeepJson.Node(response.Body.Span)!.AsObject();
    }

    public Task<JsonObject> CreateAsync(string collection, string body) => JsonAsync(201, "POST", collection, body);

    public Task<JsonObject> GetAsync(string path) => JsonAsync(200, "GET", path);

    public async Task<WatchReader> WatchAsync(string target, string accept = "application/json")
    {
        var stop = new CancellationTokenSource();
        var response = await SendAsync("GET", target, accept: accept, cancellationToken: stop.Token);
        Assert.True(response.StatusCode == 200 && response.Stream is not null, $"GET {target}: {response.StatusCode} {response.BodyText}");
        return new WatchReader(response.Stream!, stop);
    }

    private static KeyValuePair<string, string> Pair(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? new(text, "") : new(Uri.UnescapeDataString(text[..equals]), Uri.UnescapeDataString(text[(equals + 1)..]));
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("connection refused");
    }
}

/// <summary>Reads the events of a watch one by one.</summary>
internal sealed class WatchReader(IAsyncEnumerable<ReadOnlyMemory<byte>> stream, CancellationTokenSource stop) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<ReadOnlyMemory<byte>> _chunks = stream.GetAsyncEnumerator(stop.Token);
    private readonly Queue<string> _lines = new();
    private Task<bool>? _pending;

    /// <summary>The next event, or null at the end of the watch.</summary>
    public async Task<JsonObject?> NextAsync()
    {
        while (_lines.Count == 0)
        {
            _pending ??= _chunks.MoveNextAsync().AsTask();
            if (!await _pending.WaitAsync(TestApi.Patience))
            {
                return null;
            }
            _pending = null;
            foreach (var line in Encoding.UTF8.GetString(_chunks.Current.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                _lines.Enqueue(line);
            }
        }
        return DeepJson.Node(Encoding.UTF8.GetBytes(_lines.Dequeue()))!.AsObject();
    }

    /// <summary>The next event as <c>TYPE name</c>.</summary>
    public async Task<string> NextTextAsync()
    {
        var item = await NextAsync();
        return item is null ? "END" : $"{item["type"]} {item["object"]!["metadata"]?["name"]}".TrimEnd();
    }

    /// <summary>Whether nothing comes; the reader waits for the next event already.</summary>
    public bool IsQuiet()
    {
        _pending ??= _lines.Count == 0 ? _chunks.MoveNextAsync().AsTask() : null;
        return _lines.Count == 0 && !_pending!.IsCompleted;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (_pending is not null)
        {
            await _pending.WaitAsync(TestApi.Patience);
        }
        await _chunks.DisposeAsync();
        stop.Dispose();
    }
}
