using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Petrel.ApiServer.Composition;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>More connections than the server may have, over real sockets.</summary>
public sealed class ConnectionLimitTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Theory]
    [InlineData("plain")]
    [InlineData("secured")]
    [InlineData("half a request")]
    public async Task A_flood_of_connections_keeps_nobody_out_and_watches_live_on(string kind)
    {
        await using var front = await TestFront.StartAsync(front: o => o with { MaxConnections = 20 });
        using var watcher = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.Admin));
        using var watch = await watcher.GetAsync(Maps + "?watch=true", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync());

        var flood = new List<IAsyncDisposable>();
        for (var i = 0; i < 100; i++)
        {
            flood.Add(await ConnectAsync(front, kind));
            if (i % 20 == 0)
            {
                using var client = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.NodeClient("n1")));
                Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(Maps)).StatusCode);
            }
        }

        Assert.InRange(front.Front.Connections, 1, 20);
        await front.Api.CreateAsync(Maps, """{"metadata":{"name":"live"}}""");
        string? line;
        do
        {
            line = await lines.ReadLineAsync().WaitAsync(TestApi.Patience);
        } while (line?.Contains("\"live\"", StringComparison.Ordinal) == false);
        Assert.NotNull(line);
        foreach (var connection in flood)
        {
            await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task One_user_can_not_take_all_connections()
    {
        await using var front = await TestFront.StartAsync(front: o => o with { MaxConnections = 20, MaxConnectionsPerUser = 5 });
        await front.AllowNodesAsync();
        var noisy = front.Certificate(CertificateProfile.NodeClient("noisy"));
        var clients = Enumerable.Range(0, 8).Select(_ => front.Http(HttpVersion.Version20, noisy)).ToList();
        var statuses = new List<HttpStatusCode>();
        var watches = new List<HttpResponseMessage>();
        foreach (var client in clients)
        {
            var watch = await client.GetAsync(Maps + "?watch=true", HttpCompletionOption.ResponseHeadersRead);
            watches.Add(watch);
            statuses.Add(watch.StatusCode);
        }

        Assert.Equal(5, statuses.Count(s => s == HttpStatusCode.OK));
        Assert.Equal(3, statuses.Count(s => s == HttpStatusCode.TooManyRequests));
        using var quiet = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.NodeClient("quiet")));
        Assert.Equal(HttpStatusCode.OK, (await quiet.GetAsync(Maps)).StatusCode);
        watches.ForEach(static w => w.Dispose());
        clients.ForEach(static c => c.Dispose());
    }

    [Fact]
    public async Task A_user_with_many_idle_connections_loses_the_oldest()
    {
        await using var front = await TestFront.StartAsync(front: o => o with { MaxConnectionsPerUser = 3 });
        await front.AllowNodesAsync();
        var certificate = front.Certificate(CertificateProfile.NodeClient("n1"));
        var clients = Enumerable.Range(0, 10).Select(_ => front.Http(HttpVersion.Version11, certificate)).ToList();

        foreach (var client in clients)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Maps)).StatusCode);
        }

        clients.ForEach(static c => c.Dispose());
    }

    [Fact]
    public async Task Headers_that_do_not_end_and_handshakes_that_do_not_come_end_the_connection()
    {
        await using var front = await TestFront.StartAsync(front: o => o with { HandshakeTimeout = TimeSpan.FromSeconds(1) });
        using var plain = await front.DialAsync();
        await using var slow = await front.ConnectAsync(SslApplicationProtocol.Http11, null);
        await slow.WriteAsync("GET /readyz HTTP/1.1\r\nHost: loc"u8.ToArray());

        Assert.Equal(0, await plain.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TestApi.Patience));
        using var reader = new StreamReader(slow, Encoding.ASCII);
        var answer = await reader.ReadToEndAsync().WaitAsync(TestApi.Patience);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), answer);
    }

    [Fact]
    public async Task Streams_that_are_reset_at_once_leave_the_server_as_it_was()
    {
        await using var front = await TestFront.StartAsync(new ApiServerOptions { MaxReadsInFlight = 4, MaxQueuedPerUser = 4 });
        await front.AllowNodesAsync();
        var certificate = front.Certificate(CertificateProfile.NodeClient("noisy"));
        await using var connection = await Http2Connection.OpenAsync(front, certificate, initialWindow: 65_535);
        try
        {
            for (var stream = 1; stream < 4000; stream += 2)
            {
                await connection.RequestAsync(stream, "GET", Maps);
                await connection.ResetAsync(stream);
            }
        }
        catch (IOException)
        {
            // The server has had enough.
        }

        using var same = front.Http(HttpVersion.Version20, certificate);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await same.GetAsync(Maps)).StatusCode);
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Selectors_and_tokens_of_a_megabyte_are_refused_and_the_server_goes_on(string version)
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        foreach (var parameter in (string[])["labelSelector=", "fieldSelector=metadata.name%3D", "continue=", "limit="])
        {
            HttpStatusCode? status = null;
            try
            {
                // An Uri may not be so long: a header as long makes the same list of headers.
                using var message = new HttpRequestMessage(HttpMethod.Get, $"{Maps}?{parameter}1")
                {
                    Version = Version.Parse(version),
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                };
                message.Headers.TryAddWithoutValidation("X-Long", parameter + new string('x', 1 << 20));
                status = (await http.SendAsync(message)).StatusCode;
            }
            catch (HttpRequestException)
            {
                // The connection was closed, as HTTP/2 has it.
            }
            Assert.True(status is null or (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError), $"{status}");
        }

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(Maps)).StatusCode);
    }

    private static async Task<IAsyncDisposable> ConnectAsync(TestFront front, string kind)
    {
        if (kind == "plain")
        {
            return (await front.DialAsync()).GetStream();
        }
        var stream = await front.ConnectAsync(SslApplicationProtocol.Http11, null);
        if (kind != "secured")
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {Maps} HTTP/1.1\r\nHost: loc"));
        }
        return stream;
    }
}
