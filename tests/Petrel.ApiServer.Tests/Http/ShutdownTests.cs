using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Admission.Webhooks;
using Petrel.Model.Documents;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>How the server takes leave of its clients, over real connections.</summary>
public sealed class ShutdownTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Watch = ConfigMaps + "?watch=true";

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Readiness_fails_first_and_everything_is_served_for_the_set_time(string version)
    {
        await using var front = await TestFront.StartAsync(shutdownDelay: TimeSpan.FromSeconds(10));
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        using var watch = await http.GetAsync(Watch, HttpCompletionOption.ResponseHeadersRead);
        var ended = watch.Content.ReadAsStringAsync();

        front.Api.Server.AnnounceStop();
        var stopped = front.Front.StopAsync();

        using var ready = await http.GetAsync("/readyz");
        var report = await ready.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.InternalServerError, ready.StatusCode);
        Assert.Contains("[-]shutdown failed", report, StringComparison.Ordinal);
        Assert.Contains("[+]store ok", report, StringComparison.Ordinal);
        Assert.Equal("ok", await http.GetStringAsync("/livez"));
        // New clients that come all the same are served too.
        using var late = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        Assert.Equal(HttpStatusCode.OK, (await late.GetAsync(ConfigMaps)).StatusCode);
        Assert.False(ended.IsCompleted || stopped.IsCompleted);

        front.Time.Advance(TimeSpan.FromSeconds(10));
        await stopped.WaitAsync(TestApi.Patience);
        Assert.Equal("", await ended.WaitAsync(TestApi.Patience));
        await Assert.ThrowsAsync<HttpRequestException>(() => front.Http(Version.Parse(version), client: null).GetAsync("/livez"));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_that_runs_is_finished_and_no_new_one_is_taken(string version)
    {
        var (hooks, asked, release) = (new MemoryWebhooks(), Promise(), Promise());
        hooks.Add("/hold", async (_, _) =>
        {
            asked.TrySetResult();
            await release.Task;
            return JsonNode.Parse("""{"allowed":true}""")!.AsObject();
        });
        await using var front = await TestFront.StartAsync(webhooks: hooks);
        await front.Api.CreateAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", Hold);
        using var http = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        var creating = http.PostAsync(ConfigMaps, new StringContent("""{"metadata":{"name":"slow"}}""", Encoding.UTF8, "application/json"));
        await asked.Task.WaitAsync(TestApi.Patience);

        var stopped = front.Front.StopAsync();
        using var late = front.Http(Version.Parse(version), front.Certificate(CertificateProfile.Admin));
        await Assert.ThrowsAsync<HttpRequestException>(() => late.GetAsync(ConfigMaps));
        Assert.False(stopped.IsCompleted || creating.IsCompleted);
        release.TrySetResult();

        using var created = await creating.WaitAsync(TestApi.Patience);
        await stopped.WaitAsync(TestApi.Patience);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("slow", (string?)JsonNode.Parse(await created.Content.ReadAsStringAsync())!["metadata"]!["name"]);
        await front.Api.GetAsync(ConfigMaps + "/slow");
    }

    [Fact]
    public async Task A_watch_over_HTTP_1_ends_with_its_last_chunk()
    {
        await using var front = await TestFront.StartAsync();
        await using var stream = await front.ConnectAsync(SslApplicationProtocol.Http11, front.Certificate(CertificateProfile.Admin));
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {Watch} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.Equal("HTTP/1.1 200 OK", await reader.ReadLineAsync().WaitAsync(TestApi.Patience));

        await front.Front.StopAsync();

        // To the end of the connection, which is an orderly one too.
        var rest = await reader.ReadToEndAsync().WaitAsync(TestApi.Patience);
        Assert.Contains("Transfer-Encoding: chunked", rest, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n0\r\n\r\n", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_of_HTTP_2_get_a_GOAWAY_and_their_watches_end_without_a_reset()
    {
        await using var front = await TestFront.StartAsync();
        var stream = await front.ConnectAsync(SslApplicationProtocol.Http2, front.Certificate(CertificateProfile.Admin));
        await stream.WriteAsync(Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        await WriteFrameAsync(stream, FrameType.Settings, flags: 0, id: 0, []);
        await WriteFrameAsync(stream, FrameType.Headers, EndStream | EndHeaders, id: 1, RequestHeaders(Watch));
        while (await ReadFrameAsync(stream) is not { Type: FrameType.Headers, Id: 1 }) { }

        var stopped = front.Front.StopAsync();
        var frames = new List<Frame>();
        while (
            !(
                frames.Any(f => f.Type == FrameType.GoAway)
                && frames.Any(f => f is { Type: FrameType.Data, Id: 1 } && (f.Flags & EndStream) != 0)
            )
        )
        {
            frames.Add(await ReadFrameAsync(stream) ?? throw new EndOfStreamException("the connection ended before its watch"));
        }
        // A client that was told to go, and has nothing more to wait for, goes.
        await stream.DisposeAsync();
        await stopped.WaitAsync(TestApi.Patience);

        var farewells = frames.Where(f => f.Type == FrameType.GoAway);
        Assert.All(farewells, f => Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(f.Payload.AsSpan(4))));
        Assert.DoesNotContain(frames, f => f.Type == FrameType.Reset);
    }

    private const string Hold = """
        {"metadata":{"name":"hold"},"webhooks":[{"name":"hold.example.com","admissionReviewVersions":["v1"],"sideEffects":"None",
        "clientConfig":{"url":"https://hooks.test/hold"},
        "rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]}
        """;

    private static TaskCompletionSource Promise() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Frames of RFC 9113, as many as a test needs.
    private const byte EndStream = 0x1;
    private const byte EndHeaders = 0x4;

    private enum FrameType : byte
    {
        Data = 0,
        Headers = 1,
        Reset = 3,
        Settings = 4,
        GoAway = 7,
    }

    private sealed record Frame(FrameType Type, byte Flags, int Id, byte[] Payload);

    /// <summary>The header block of a GET: the method and scheme of HPACK's static table, path and authority as literals.</summary>
    private static byte[] RequestHeaders(string path)
    {
        var authority = "localhost";
        return
        [
            0x82,
            0x87,
            0x04,
            (byte)path.Length,
            .. Encoding.ASCII.GetBytes(path),
            0x01,
            (byte)authority.Length,
            .. Encoding.ASCII.GetBytes(authority),
        ];
    }

    private static async Task WriteFrameAsync(Stream stream, FrameType type, byte flags, int id, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)payload.Length << 8 | (byte)type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), id);
        payload.CopyTo(frame, 9);
        await stream.WriteAsync(frame);
    }

    /// <summary>The next frame, or null at the end of the connection.</summary>
    private static async Task<Frame?> ReadFrameAsync(Stream stream)
    {
        var head = new byte[9];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false).AsTask().WaitAsync(TestApi.Patience) < head.Length)
        {
            return null;
        }
        var payload = new byte[BinaryPrimitives.ReadUInt32BigEndian(head) >> 8];
        await stream.ReadExactlyAsync(payload).AsTask().WaitAsync(TestApi.Patience);
        return new((FrameType)head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
    }
}
