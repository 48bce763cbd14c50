using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Petrel.LocalCluster.Forwarding;
using Petrel.Model.Api;

namespace Petrel.LocalCluster.Tests.Forwarding;

/// <summary>A port of the host leads to the ready pods of a Service; here the pods are listeners on loopback addresses.</summary>
public sealed class ServiceForwarderTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeServer _server = new();
    private readonly List<FakePod> _pods = [];
    private Task _running = Task.CompletedTask;

    [Fact]
    public async Task Connections_go_to_ready_endpoints_only_and_follow_a_roll_out()
    {
        var (old, next) = (AddPod("127.0.0.2"), AddPod("127.0.0.3"));
        _server.Endpoints = [(old, true), (next, false)];
        var port = Start();
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal("127.0.0.2 hello", await AskAsync(port, "hello"));
        }
        _server.Endpoints = [(old, false), (next, true)];
        // What was read last may be used for a moment.
        await Task.Delay(300, TestContext.Current.CancellationToken);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal("127.0.0.3 hello", await AskAsync(port, "hello"));
        }
    }

    [Fact]
    public async Task A_connection_waits_until_an_endpoint_is_ready()
    {
        var pod = AddPod("127.0.0.2");
        _server.Endpoints = [(pod, false)];
        var port = Start();
        var answer = AskAsync(port, "early");
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.False(answer.IsCompleted);
        _server.Endpoints = [(pod, true)];
        Assert.Equal("127.0.0.2 early", await answer);
    }

    [Fact]
    public async Task A_dead_endpoint_is_passed_over()
    {
        var (dead, alive) = (AddPod("127.0.0.2"), AddPod("127.0.0.3"));
        dead.Dispose();
        _server.Endpoints = [(dead, true), (alive, true)];
        var port = Start();
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal("127.0.0.3 hello", await AskAsync(port, "hello"));
        }
    }

    [Fact]
    public async Task Pods_are_reached_while_the_server_is_away()
    {
        var pod = AddPod("127.0.0.2");
        _server.Endpoints = [(pod, true)];
        var port = Start();
        Assert.Equal("127.0.0.2 one", await AskAsync(port, "one"));
        _server.Away = true;
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.Equal("127.0.0.2 two", await AskAsync(port, "two"));
    }

    [Fact]
    public async Task Large_requests_and_answers_pass_whole()
    {
        var pod = AddPod("127.0.0.2");
        _server.Endpoints = [(pod, true)];
        var port = Start();
        var text = new string('x', 3_000_000);
        Assert.Equal($"127.0.0.2 {text}", await AskAsync(port, text));
    }

    [Fact]
    public async Task A_forward_that_is_added_to_the_settings_opens_while_the_cluster_runs()
    {
        var pod = AddPod("127.0.0.2");
        _server.Endpoints = [(pod, true)];
        var folder = Directory.CreateTempSubdirectory("petrel-forwards-").FullName;
        var directory = new ClusterDirectory(folder);
        var settings = new ClusterSettings
        {
            Port = 6443,
            Nodes = 1,
            Runtime = "oci",
        };
        settings.Save(directory);
        _running = HostForwards.RunAsync(directory, _server, TimeProvider.System, _ => { }, _stop.Token);
        var forward = Forward(FreePort());
        (settings with { Forwards = [forward] }).Save(directory);
        var answer = "";
        for (var tries = 0; tries < 100 && answer.Length == 0; tries++)
        {
            try
            {
                answer = await AskAsync(forward.HostPort, "hello");
            }
            catch (SocketException)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
        Assert.Equal("127.0.0.2 hello", answer);
        Assert.Equal([forward], ClusterSettings.Load(directory)!.Forwards);
        Directory.Delete(folder, recursive: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }
        _pods.ForEach(pod => pod.Dispose());
        _stop.Dispose();
    }

    private int Start()
    {
        var forward = Forward(FreePort());
        _running = new ServiceForwarder(_server, forward, TimeProvider.System, _ => { }).RunAsync(_stop.Token);
        return forward.HostPort;
    }

    private static ServiceForward Forward(int port) =>
        new()
        {
            Namespace = "default",
            Service = "web",
            Port = 80,
            HostPort = port,
        };

    private FakePod AddPod(string address)
    {
        var pod = new FakePod(address, _pods.Count == 0 ? 0 : _pods[0].Port);
        _pods.Add(pod);
        return pod;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    // Sends everything, ends its side, and reads to the end of the other.
    private static async Task<string> AskAsync(int port, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        var stream = client.GetStream();
        var reading = new StreamReader(stream).ReadToEndAsync(limit.Token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), limit.Token);
        client.Client.Shutdown(SocketShutdown.Send);
        return await reading;
    }

    /// <summary>Answers each connection with its address and what was sent.</summary>
    private sealed class FakePod : IDisposable
    {
        private readonly TcpListener _listener;

        public FakePod(string address, int port)
        {
            _listener = new(IPAddress.Parse(address), port);
            _listener.Start();
            (Address, Port) = (address, ((IPEndPoint)_listener.LocalEndpoint).Port);
            _ = AcceptAsync();
        }

        public string Address { get; }

        public int Port { get; }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The pod is gone.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using (client)
            {
                var stream = client.GetStream();
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"{Address} "));
                await stream.CopyToAsync(stream);
            }
        }
    }

    /// <summary>A Service with a named port, and one EndpointSlice.</summary>
    private sealed class FakeServer : IApiHandler
    {
        public IReadOnlyList<(FakePod Pod, bool Ready)> Endpoints { get; set; } = [];

        public bool Away { get; set; }

        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            if (Away)
            {
                throw new IOException("away");
            }
            object body = request.Path.EndsWith("/services/web", StringComparison.Ordinal)
                ? new { spec = new { ports = new[] { new { name = "http", port = 80 } } } }
                : new
                {
                    items = new[]
                    {
                        new
                        {
                            ports = new[] { new { name = "other", port = 1 }, new { name = "http", port = Endpoints[0].Pod.Port } },
                            endpoints = Endpoints.Select(e => new
                            {
                                addresses = new[] { e.Pod.Address },
                                conditions = new { ready = e.Ready },
                            }),
                        },
                    },
                };
            return new(new ApiResponse { StatusCode = 200, Body = JsonSerializer.SerializeToUtf8Bytes(body) });
        }
    }
}
