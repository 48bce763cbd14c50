using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Client.Http;
using Petrel.Hosting.Connectors;
using Petrel.Hosting.Front;
using Petrel.Model.Api;
using Petrel.Security;

namespace Petrel.Hosting.Tests;

public sealed class NodeConnectorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-nodes-").FullName;

    [Fact]
    public async Task Logs_stream_over_mutual_tls_from_the_agent()
    {
        var authority = ClusterAuthority.Open(_directory, TimeProvider.System);
        var trusted = X509Certificate2.CreateFromPem(authority.CertificatePem);
        var agent = new Agent();
        await using var front = new KestrelFront(
            new FrontOptions(
                [new IPEndPoint(IPAddress.Loopback, 0)],
                authority.Issue(CertificateProfile.NodeServer("n1", IPAddress.Loopback)).ToX509(),
                trusted
            ),
            agent,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        await front.StartAsync(default);
        using var connector = new HttpsNodeConnector(authority.Issue(CertificateProfile.ApiServerToNode).ToX509(), trusted);
        var endpoint = new NodeEndpoint("n1", "127.0.0.1", front.Addresses[0].Port);

        var response = await connector.SendAsync(endpoint, "/containerLogs/default/p/c", [new("tailLines", "5")], default);
        var text = new StringBuilder();
        await foreach (var chunk in response.Stream!)
        {
            text.Append(Encoding.UTF8.GetString(chunk.Span));
        }

        Assert.Equal("kube-apiserver-kubelet-client /containerLogs/default/p/c tailLines=5\n", text.ToString());
        Assert.Equal(404, (await connector.SendAsync(endpoint, "/other", [], default)).StatusCode);
        await front.StopAsync();
    }

    [Fact]
    public async Task An_agent_or_server_that_is_not_there_is_an_io_error()
    {
        var authority = ClusterAuthority.Open(_directory, TimeProvider.System);
        var trusted = X509Certificate2.CreateFromPem(authority.CertificatePem);
        var certificate = authority.Issue(CertificateProfile.Admin).ToX509();
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        var port = ((IPEndPoint)socket.LocalEndpoint).Port;
        socket.Stop();
        using var connector = new HttpsNodeConnector(certificate, trusted);
        using var handler = new HttpApiHandler(new Uri($"https://127.0.0.1:{port}"), certificate, trusted);

        await Assert.ThrowsAsync<IOException>(async () =>
            await connector.SendAsync(new NodeEndpoint("n1", "127.0.0.1", port), "/", [], default)
        );
        await Assert.ThrowsAsync<IOException>(async () => await connector.SendAsync(new NodeEndpoint("n1", "", 0), "/", [], default));
        await Assert.ThrowsAsync<IOException>(async () =>
            await handler.HandleAsync(new ApiRequest { Method = "GET", Path = "/api" }, default)
        );
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private sealed class Agent : IApiHandler
    {
        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken) =>
            ValueTask.FromResult(
                request.Path.StartsWith("/containerLogs/", StringComparison.Ordinal)
                    ? new ApiResponse
                    {
                        StatusCode = 200,
                        ContentType = "text/plain",
                        Stream = Lines(request),
                    }
                    : new ApiResponse
                    {
                        StatusCode = 404,
                        ContentType = "text/plain",
                        Body = "no"u8.ToArray(),
                    }
            );

        private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Lines(ApiRequest request)
        {
            await Task.Yield();
            yield return Encoding.UTF8.GetBytes($"{request.User.Name} {request.Path} ");
            yield return Encoding.UTF8.GetBytes($"{request.Query[0].Key}={request.Query[0].Value}\n");
        }
    }
}
