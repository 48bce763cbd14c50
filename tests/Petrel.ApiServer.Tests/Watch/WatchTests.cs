namespace Petrel.ApiServer.Tests.Watch;

public sealed class WatchTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_watch_from_a_revision_shows_what_came_after_it()
    {
        await using var api = await TestApi.StartAsync();
        var first = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"b"}}""");
        await using var watch = await api.WatchAsync($"{ConfigMaps}?watch=true&resourceVersion={first["metadata"]!["resourceVersion"]}");

        Assert.Equal("ADDED b", await watch.NextTextAsync());
        Assert.True(watch.IsQuiet());

        await api.JsonAsync(200, "PATCH", ConfigMaps + "/a", """{"data":{"x":"1"}}""", "application/merge-patch+json");
        await api.JsonAsync(200, "DELETE", ConfigMaps + "/b");

        var modified = (await watch.NextAsync())!;
        Assert.Equal("MODIFIED", (string?)modified["type"]);
        Assert.Equal("1", (string?)modified["object"]!["data"]!["x"]);
        var deleted = (await watch.NextAsync())!;
        Assert.Equal("DELETED", (string?)deleted["type"]);
        Assert.Equal(api.Store.CurrentRevision.ToString(), (string?)deleted["object"]!["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task A_watch_without_a_revision_begins_with_what_is_there()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        await api.CreateAsync("/api/v1/namespaces/kube-system/configmaps", """{"metadata":{"name":"other"}}""");
        await using var watch = await api.WatchAsync(ConfigMaps + "?watch=1");

        Assert.Equal("ADDED a", await watch.NextTextAsync());
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"b"}}""");
        Assert.Equal("ADDED b", await watch.NextTextAsync());
    }
}
