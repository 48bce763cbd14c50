using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Petrel.Agent.Probes;

namespace Petrel.Agent.Tests.Probes;

/// <summary>Probes over real sockets, with upstream's messages.</summary>
public sealed class SocketProberTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private readonly SocketProber _prober = new(TimeProvider.System);

    [Fact]
    public async Task A_refused_connection_is_told_as_upstream_tells_it()
    {
        var port = FreePort();
        Assert.Equal($"dial tcp 127.0.0.1:{port}: connect: connection refused", await _prober.TcpAsync("127.0.0.1", port, Soon, None));
        Assert.Equal(
            $"Get \"http://127.0.0.1:{port}/ready\": dial tcp 127.0.0.1:{port}: connect: connection refused",
            await _prober.HttpAsync(new($"http://127.0.0.1:{port}/ready"), [], Soon, None)
        );
        Assert.Contains("connect: connection refused", await _prober.GrpcAsync("127.0.0.1", port, "", Soon, None));
    }

    [Fact]
    public async Task A_server_that_answers_nothing_is_told_too()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        var brief = TimeSpan.FromMilliseconds(200);
        Assert.Null(await _prober.TcpAsync("127.0.0.1", port, Soon, None));
        Assert.Equal(
            $"Get \"http://127.0.0.1:{port}/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            await _prober.HttpAsync(new($"http://127.0.0.1:{port}/"), [], brief, None)
        );
        Assert.StartsWith("timeout: ", await _prober.GrpcAsync("127.0.0.1", port, "", brief, None), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1, null)] // SERVING
    [InlineData("db", 1, null)]
    [InlineData("", 2, "service unhealthy (responded with \"NOT_SERVING\")")]
    [InlineData("", 0, "service unhealthy (responded with \"UNKNOWN\")")]
    public async Task A_grpc_probe_asks_the_health_service(string service, int status, string? expected)
    {
        byte[]? asked = null;
        await using var server = await ServeAsync(async context =>
        {
            Assert.Equal("/grpc.health.v1.Health/Check", context.Request.Path);
            Assert.Equal("application/grpc", context.Request.ContentType);
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            asked = body.ToArray();
            context.Response.ContentType = "application/grpc";
            byte[] message = status == 0 ? [] : [0x08, (byte)status];
            await context.Response.Body.WriteAsync((byte[])[0, 0, 0, 0, (byte)message.Length, .. message]);
            context.Response.AppendTrailer("grpc-status", "0");
        });
        Assert.Equal(expected, await _prober.GrpcAsync("127.0.0.1", PortOf(server), service, Soon, None));
        byte[] request = service.Length == 0 ? [] : [0x0A, (byte)service.Length, .. System.Text.Encoding.UTF8.GetBytes(service)];
        Assert.Equal([0, 0, 0, 0, (byte)request.Length, .. request], asked);
    }

    [Theory]
    [InlineData("5", "unknown service", "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service")]
    [InlineData(
        "12",
        "no such method",
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no such method"
    )]
    public async Task A_grpc_server_that_refuses_the_question_fails_the_probe(string code, string message, string expected)
    {
        await using var server = await ServeAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = code;
            context.Response.Headers["grpc-message"] = message;
            return Task.CompletedTask;
        });
        Assert.Equal(expected, await _prober.GrpcAsync("127.0.0.1", PortOf(server), "", Soon, None));
    }

    public void Dispose() => _prober.Dispose();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<WebApplication> ServeAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        var server = builder.Build();
        server.Run(handle);
        await server.StartAsync();
        return server;
    }

    private static int PortOf(WebApplication server) =>
        new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
}
