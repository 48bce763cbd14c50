using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Health;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class ComponentStatusTests
{
    private const string Path = "/api/v1/componentstatuses";

    [Fact]
    public async Task Components_are_listed_with_their_problems_and_a_word_of_their_age()
    {
        await using var api = await TestApi.StartAsync(components: new Components());

        var list = await api.SendAsync("GET", Path);
        Assert.Contains(list.Headers, h => h is { Key: "Warning", Value: "299 - \"v1 ComponentStatus is deprecated in v1.19+\"" });
        var items = JsonNode.Parse(list.Body.Span)!["items"]!.AsArray();
        Assert.Equal(["controller-manager", "scheduler", "store"], items.Select(i => (string?)i!["metadata"]!["name"]));
        Assert.Equal("""[{"type":"Healthy","status":"True","message":"ok"}]""", items[0]!["conditions"]!.ToJsonString());

        var scheduler = await api.GetAsync(Path + "/scheduler");
        Assert.Equal("""[{"type":"Healthy","status":"False","error":"it broke"}]""", scheduler["conditions"]!.ToJsonString());
        Assert.Equal("v1.ComponentStatus", $"{scheduler["apiVersion"]}.{scheduler["kind"]}");
        await api.JsonAsync(404, "GET", Path + "/absent");
        Assert.Single((await api.GetAsync(Path + "?fieldSelector=metadata.name%3Dstore"))["items"]!.AsArray());
    }

    [Fact]
    public async Task They_are_only_read()
    {
        await using var api = await TestApi.StartAsync();
        await api.JsonAsync(405, "POST", Path, """{"metadata":{"name":"a"}}""");
        await api.JsonAsync(405, "DELETE", Path + "/store");
        await api.JsonAsync(405, "GET", Path + "?watch=1");
    }

    private sealed class Components : IComponentHealth
    {
        public IReadOnlyList<KeyValuePair<string, string>> Read() => [new("scheduler", "it broke"), new("controller-manager", "")];
    }
}
