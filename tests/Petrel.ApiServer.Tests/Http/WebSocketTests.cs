using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model.Api;
using Petrel.Security;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>Watches and logs over WebSockets, as browsers and some client libraries read them.</summary>
public sealed class WebSocketTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static CancellationToken Patience => new CancellationTokenSource(TestApi.Patience).Token;

    private static async Task<ClientWebSocket> DialAsync(TestFront front, string path, CertificateProfile profile, string protocol = "")
    {
        var socket = new ClientWebSocket();
        socket.Options.ClientCertificates.Add(front.Certificate(profile));
        socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        if (protocol.Length > 0)
        {
            socket.Options.AddSubProtocol(protocol);
        }
        await socket.ConnectAsync(new UriBuilder(new Uri(front.Front.Addresses[0], path)) { Scheme = "wss" }.Uri, Patience);
        return socket;
    }

    private static async Task<(WebSocketMessageType Type, string Text)> NextAsync(ClientWebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        var received = await socket.ReceiveAsync(buffer, Patience);
        Assert.True(received.EndOfMessage);
        return (received.MessageType, Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Theory]
    [InlineData(Maps + "?watch=1")]
    [InlineData("/api/v1/watch/namespaces/default/configmaps")]
    public async Task Each_event_of_a_watch_is_a_text_message(string path)
    {
        await using var front = await TestFront.StartAsync();
        foreach (var name in (string[])["a", "b"])
        {
            await front.Api.CreateAsync(Maps, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }
        using var socket = await DialAsync(front, path, CertificateProfile.Admin);

        foreach (var name in (string[])["a", "b"])
        {
            var (type, text) = await NextAsync(socket);
            Assert.Equal(WebSocketMessageType.Text, type);
            var change = JsonNode.Parse(text)!;
            Assert.Equal(("ADDED", name), ((string)change["type"]!, (string)change["object"]!["metadata"]!["name"]!));
        }
        await front.Api.JsonAsync(200, "DELETE", Maps + "/a");
        Assert.Equal("DELETED", (string?)JsonNode.Parse((await NextAsync(socket)).Text)!["type"]);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Patience);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Theory]
    [InlineData("", WebSocketMessageType.Binary, "one\ntwo\n")]
    [InlineData("binary.k8s.io", WebSocketMessageType.Binary, "one\ntwo\n")]
    [InlineData("base64.binary.k8s.io", WebSocketMessageType.Text, "b25lCg==dHdvCg==")]
    public async Task A_log_comes_in_messages_of_the_protocol_that_is_asked_for(string protocol, WebSocketMessageType type, string text)
    {
        await using var front = await TestFront.StartAsync(nodes: new TwoLines());
        await front.Api.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        await front.Api.JsonAsync(
            200,
            "PATCH",
            "/api/v1/nodes/n1/status",
            """{"status":{"addresses":[{"type":"InternalIP","address":"10.1.2.3"}],"""
                + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":10250}}}}",
            "application/merge-patch+json"
        );
        await front.Api.CreateAsync(
            "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"p"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}"""
        );
        using var socket = await DialAsync(front, "/api/v1/namespaces/default/pods/p/log", CertificateProfile.Admin, protocol);

        var all = "";
        while (await NextAsync(socket) is var (kind, part) && kind != WebSocketMessageType.Close)
        {
            Assert.Equal(type, kind);
            all += part;
        }

        Assert.Equal(text, all);
        Assert.Equal(protocol, socket.SubProtocol ?? "");
    }

    [Fact]
    public async Task Who_may_not_watch_gets_no_WebSocket()
    {
        await using var front = await TestFront.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });

        var refused = await Assert.ThrowsAsync<WebSocketException>(() =>
            DialAsync(front, Maps + "?watch=1", CertificateProfile.NodeClient("n1"))
        );

        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_closes_WebSockets_in_order()
    {
        await using var front = await TestFront.StartAsync();
        using var socket = await DialAsync(front, Maps + "?watch=1", CertificateProfile.Admin);

        var stopped = front.Front.StopAsync();
        var (type, _) = await NextAsync(socket);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Patience);

        Assert.Equal(WebSocketMessageType.Close, type);
        await stopped.WaitAsync(TestApi.Patience);
    }

    private sealed class TwoLines : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) =>
            new(
                new ApiResponse
                {
                    StatusCode = 200,
                    ContentType = "text/plain",
                    Stream = LinesAsync(),
                }
            );

        private static async IAsyncEnumerable<ReadOnlyMemory<byte>> LinesAsync()
        {
            foreach (var line in (string[])["one\n", "two\n"])
            {
                await Task.Yield();
                yield return Encoding.UTF8.GetBytes(line);
            }
        }
    }
}
