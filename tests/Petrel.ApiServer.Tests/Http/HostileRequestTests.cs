using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Text;
using Petrel.ApiServer.Composition;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>
/// Requests as no well-behaved client writes them, byte by byte over TLS: a clear 4xx, or the end of the connection, and the server goes
/// on.
/// </summary>
public sealed class HostileRequestTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    public static TheoryData<string> Requests =>
        new()
        {
            $"GET {ConfigMaps}/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/%2e%2e%2f%2e%2e%2fsecrets HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/..%2f..%2fsecrets HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/%252e%252e HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/%c0%ae%c0%ae/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET {ConfigMaps}/a\\..\\b HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /readyz/../api/v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET //api//v1//namespaces//..//nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET http://elsewhere/api/v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
            "GARBAGE\r\n\r\n",
            "GET /api/v1/nothing?" + new string('x', 300_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nX: " + new string('x', 300_000) + "\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\n"
                + string.Concat(Enumerable.Range(0, 2000).Select(i => $"X-{i}: y\r\n"))
                + "\r\n",
            $"POST {ConfigMaps} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n",
            $"POST {ConfigMaps} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            $"POST {ConfigMaps} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            $"POST {ConfigMaps} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            $"POST {ConfigMaps} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            $"GET {ConfigMaps}/a/exec?command=sh HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "
                + $"websocket\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n",
            $"GET {ConfigMaps}/a/log HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nImpersonate-User: a\r\nImpersonate-Extra-%zz%00: b\r\n\r\n",
            "GET /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nAccept: "
                + string.Join(',', Enumerable.Repeat("application/json;as=Table;v=v9", 3000))
                + "\r\n\r\n",
        };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_hostile_request_is_refused(string request)
    {
        await using var front = await TestFront.StartAsync();
        await front.Api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        await using var stream = await front.ConnectAsync(SslApplicationProtocol.Http11, front.Certificate(CertificateProfile.Admin));

        Assert.True(await StatusAsync(stream, Encoding.Latin1.GetBytes(request)) is null or (>= 400 and < 500));

        using var http = front.Http(HttpVersion.Version20, front.Certificate(CertificateProfile.Admin));
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(ConfigMaps + "/a")).StatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Zipped_bodies_are_not_unpacked(string version)
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await zip.WriteAsync("{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\""u8.ToArray());
            var zeros = Encoding.ASCII.GetBytes(new string('0', 1 << 20));
            for (var i = 0; i < 100; i++)
            {
                await zip.WriteAsync(zeros);
            }
        }
        using var body = new ByteArrayContent(packed.ToArray());
        body.Headers.ContentType = new("application/json");
        body.Headers.ContentEncoding.Add("gzip");

        using var refused = await http.PostAsync(ConfigMaps, body);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Selectors_and_tokens_may_be_long(string version)
    {
        await using var front = await TestFront.StartAsync();
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));

        using var listed = await http.GetAsync(
            $"{ConfigMaps}?labelSelector=a in ({string.Join(',', Enumerable.Range(0, 10_000))})".Replace(
                " ",
                "%20",
                StringComparison.Ordinal
            )
        );

        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);
    }

    /// <summary>The answer's status; null when the connection was cut off before it arrived.</summary>
    private static async Task<int?> StatusAsync(SslStream stream, byte[] request)
    {
        try
        {
            await stream.WriteAsync(request);
        }
        catch (IOException)
        {
            // It has heard enough already; its answer may be there all the same.
        }
        using var reader = new StreamReader(stream, Encoding.ASCII);
        try
        {
            var line = await reader.ReadLineAsync().WaitAsync(TestApi.Patience);
            Assert.StartsWith("HTTP/1.1 ", line, StringComparison.Ordinal);
            return int.Parse(line.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
