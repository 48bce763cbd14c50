using System.Text;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class LogTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Fact]
    public async Task A_log_comes_from_the_agent_of_the_pods_node()
    {
        var nodes = new RecordingNodes();
        await using var api = await TestApi.StartAsync(nodes: nodes);
        await SetUpAsync(api, """[{"name":"c","image":"i"}]""");

        var response = await api.SendAsync("GET", Pods + "/p/log?follow=true&tailLines=5&timestamps=true", accept: "application/json, */*");
        var text = new StringBuilder();
        await foreach (var chunk in response.Stream!)
        {
            text.Append(Encoding.UTF8.GetString(chunk.Span));
        }

        Assert.Equal(200, response.StatusCode);
        Assert.Equal("text/plain", response.ContentType);
        Assert.Equal("one\ntwo\n", text.ToString());
        Assert.Equal("n1 10.1.2.3:10250 /containerLogs/default/p/c?follow=true&timestamps=true&tailLines=5", Assert.Single(nodes.Requests));
    }

    [Fact]
    public async Task A_pod_of_several_containers_needs_a_name()
    {
        await using var api = await TestApi.StartAsync(nodes: new RecordingNodes());
        await SetUpAsync(api, """[{"name":"a","image":"i"},{"name":"b","image":"i"}]""");

        var unnamed = await api.JsonAsync(400, "GET", Pods + "/p/log");
        var wrong = await api.JsonAsync(400, "GET", Pods + "/p/log?container=z");
        var missing = await api.JsonAsync(404, "GET", Pods + "/q/log");
        var tail = await api.JsonAsync(422, "GET", Pods + "/p/log?container=a&tailLines=-1");

        Assert.Equal("a container name must be specified for pod p, choose one of: [a b]", (string?)unnamed["message"]);
        Assert.Equal("container z is not valid for pod p", (string?)wrong["message"]);
        Assert.Equal("pods \"q\" not found", (string?)missing["message"]);
        Assert.Equal(
            "PodLogOptions \"p\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
            (string?)tail["message"]
        );
        Assert.Equal(200, (await api.SendAsync("GET", Pods + "/p/log?container=b")).StatusCode);
    }

    [Fact]
    public async Task An_agent_that_can_not_be_reached_is_an_internal_error()
    {
        await using var api = await TestApi.StartAsync();
        await SetUpAsync(api, """[{"name":"c","image":"i"}]""");

        var status = await api.JsonAsync(500, "GET", Pods + "/p/log");

        Assert.Contains("https://10.1.2.3:10250/containerLogs/default/p/c", (string?)status["message"], StringComparison.Ordinal);
        Assert.Contains("connection refused", (string?)status["message"], StringComparison.Ordinal);
    }

    private static async Task SetUpAsync(TestApi api, string containers)
    {
        await api.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        await api.JsonAsync(
            200,
            "PATCH",
            "/api/v1/nodes/n1/status",
            """{"status":{"addresses":[{"type":"Hostname","address":"n1"},"""
                + """{"type":"InternalIP","address":"10.1.2.3"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}}""",
            "application/merge-patch+json"
        );
        await api.CreateAsync(Pods, $$$"""{"metadata":{"name":"p"},"spec":{"nodeName":"n1","containers":{{{containers}}} }}""");
    }

    private sealed class RecordingNodes : INodeConnector
    {
        public List<string> Requests { get; } = [];

        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        )
        {
            Requests.Add(
                $"{endpoint.Node} {endpoint.Address}:{endpoint.Port} {path}?{string.Join('&', query.Select(q => $"{q.Key}={q.Value}"))}"
            );
            return ValueTask.FromResult(
                new ApiResponse
                {
                    StatusCode = 200,
                    ContentType = "text/plain",
                    Stream = Lines(),
                }
            );
        }

        private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Lines()
        {
            yield return "one\n"u8.ToArray();
            await Task.Yield();
            yield return "two\n"u8.ToArray();
        }
    }
}
