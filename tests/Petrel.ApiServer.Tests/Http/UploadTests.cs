using System.Net;
using System.Net.Security;
using System.Text;
using Petrel.ApiServer.Composition;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>Bodies are read only when the server knows that it serves the request.</summary>
public sealed class UploadTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const int Announced = 3_000_000;

    [Theory]
    [InlineData("Authorization: Bearer made-up", 401)]
    [InlineData("Authorization: Basic eDp5", 401)]
    [InlineData("Accept: */*", 401)]
    public async Task A_stranger_is_refused_before_its_body_is_read(string header, int status)
    {
        await using var front = await TestFront.StartAsync();
        await using var stream = await front.ConnectAsync(SslApplicationProtocol.Http11, null);

        Assert.Equal(status, await StatusAsync(stream, header));
    }

    [Fact]
    public async Task A_user_without_rights_is_refused_before_its_body_is_read()
    {
        await using var front = await TestFront.StartAsync();
        await using var stream = await front.ConnectAsync(
            SslApplicationProtocol.Http11,
            front.Certificate(CertificateProfile.ApiServerToNode)
        );

        // Of the masters everybody may: so it acts as somebody else.
        Assert.Equal(403, await StatusAsync(stream, "Impersonate-User: nobody"));
    }

    [Fact]
    public async Task Strangers_that_send_bodies_take_no_memory()
    {
        await using var front = await TestFront.StartAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var streams = new List<SslStream>();
        for (var i = 0; i < 100; i++)
        {
            var stream = await front.ConnectAsync(SslApplicationProtocol.Http11, null);
            streams.Add(stream);
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes(
                    $"POST {Maps} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer made-up-{i}\r\nContent-Length: {Announced}\r\n\r\n"
                )
            );
        }
        var body = new byte[100_000];
        foreach (var stream in streams)
        {
            await stream.WriteAsync(body);
        }

        // A hundred bodies of 3 MB would be 300 MB.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 60_000_000);
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_body_that_is_too_large_is_refused_whether_or_not_its_length_is_announced(string version)
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        http.DefaultRequestHeaders.ExpectContinue = true;
        foreach (var chunked in (bool[])[false, true])
        {
            using var body = new ByteArrayContent(new byte[(3 << 20) + 1]);
            body.Headers.ContentType = new("application/json");
            using var message = new HttpRequestMessage(HttpMethod.Post, Maps)
            {
                Content = body,
                Version = Version.Parse(version),
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            if (chunked)
            {
                body.Headers.ContentLength = null;
                message.Headers.TransferEncodingChunked = true;
            }

            using var refused = await http.SendAsync(message);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Large_writes_of_one_user_wait_for_each_other_and_all_are_done(string version)
    {
        // Of eight seats one user may hold six: one of the writes at a time. The bodies of the others fill their buffers meanwhile.
        await using var front = await TestFront.StartAsync(new ApiServerOptions { MaxWritesInFlight = 8 });
        await front.AllowNodesAsync();
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.NodeClient("n1")));
        var filling = new string('x', 400_000);

        var written = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i =>
                    http.PostAsync(
                        Maps,
                        new StringContent(
                            $$$"""{"metadata":{"name":"m{{{i}}}"},"data":{"v":"{{{filling}}}"} }""",
                            Encoding.UTF8,
                            "application/json"
                        )
                    )
                )
        );

        Assert.All(written, w => Assert.Equal(HttpStatusCode.Created, w.StatusCode));
    }

    // The status of a write whose body never comes.
    private static async Task<int> StatusAsync(SslStream stream, string header)
    {
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"POST {Maps} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Length: {Announced}\r\n\r\n")
        );
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var line = await reader.ReadLineAsync().WaitAsync(TestApi.Patience);
        return int.Parse(line.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
    }
}
