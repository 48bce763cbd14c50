using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Watch;

public sealed class WatchTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_watch_from_a_revision_shows_what_came_after_it()
    {
        await using var api = await TestApi.StartAsync();
        var first = await CreateAsync(api, "a");
        await CreateAsync(api, "b");
        await using var watch = await api.WatchAsync($"{ConfigMaps}?watch=true&resourceVersion={first}");

        Assert.Equal("ADDED b", await watch.NextTextAsync());
        Assert.True(watch.IsQuiet());

        await PatchAsync(api, "a", """{"data":{"x":"1"}}""");
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
        await CreateAsync(api, "a");
        await api.CreateAsync("/api/v1/namespaces/kube-system/configmaps", """{"metadata":{"name":"other"}}""");
        await using var watch = await api.WatchAsync(ConfigMaps + "?watch=1");

        Assert.Equal("ADDED a", await watch.NextTextAsync());
        await CreateAsync(api, "b");
        Assert.Equal("ADDED b", await watch.NextTextAsync());
    }

    [Fact]
    public async Task A_watch_list_marks_the_end_of_the_initial_events()
    {
        await using var api = await TestApi.StartAsync();
        await CreateAsync(api, "a");
        await using var watch = await api.WatchAsync(
            ConfigMaps + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        );

        Assert.Equal("ADDED a", await watch.NextTextAsync());
        var bookmark = (await watch.NextAsync())!;
        await CreateAsync(api, "b");

        Assert.Equal("BOOKMARK", (string?)bookmark["type"]);
        Assert.Equal("true", (string?)bookmark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
        Assert.Equal("ADDED b", await watch.NextTextAsync());
        await api.JsonAsync(422, "GET", ConfigMaps + "?watch=true&sendInitialEvents=true");
    }

    [Fact]
    public async Task A_revision_that_left_the_window_is_gone()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { WatchWindow = 4 });
        var first = await CreateAsync(api, "a");
        for (var i = 0; i < 6; i++)
        {
            await CreateAsync(api, $"b{i}");
        }
        // The cache has all of them when a read does.
        await api.GetAsync(ConfigMaps);
        await using var watch = await api.WatchAsync($"{ConfigMaps}?watch=true&resourceVersion={first}");

        var error = (await watch.NextAsync())!;

        Assert.Equal("ERROR", (string?)error["type"]);
        Assert.Equal(410, (int)error["object"]!["code"]!);
        Assert.Equal("Expired", (string?)error["object"]!["reason"]);
        Assert.StartsWith($"too old resource version: {first} (", (string?)error["object"]!["message"], StringComparison.Ordinal);
        Assert.Null(await watch.NextAsync());
    }

    [Fact]
    public async Task A_watcher_that_falls_behind_the_window_is_ended()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { WatchWindow = 4 });
        await using var watch = await api.WatchAsync(ConfigMaps + "?watch=true");
        await CreateAsync(api, "a");
        Assert.Equal("ADDED a", await watch.NextTextAsync());

        for (var i = 0; i < 6; i++)
        {
            await CreateAsync(api, $"b{i}");
        }
        await api.GetAsync(ConfigMaps);

        Assert.Equal("END", await watch.NextTextAsync());
    }

    [Fact]
    public async Task Objects_come_and_go_with_the_selector()
    {
        await using var api = await TestApi.StartAsync();
        await using var watch = await api.WatchAsync(ConfigMaps + "?watch=true&labelSelector=on%3Dyes");

        await CreateAsync(api, "a");
        await PatchAsync(api, "a", """{"metadata":{"labels":{"on":"yes"}}}""");
        Assert.Equal("ADDED a", await watch.NextTextAsync());
        await PatchAsync(api, "a", """{"data":{"x":"1"}}""");
        Assert.Equal("MODIFIED a", await watch.NextTextAsync());
        await PatchAsync(api, "a", """{"metadata":{"labels":{"on":"no"}}}""");
        var left = (await watch.NextAsync())!;

        Assert.Equal("DELETED", (string?)left["type"]);
        Assert.Equal("yes", (string?)left["object"]!["metadata"]!["labels"]!["on"]);
        Assert.Equal(api.Store.CurrentRevision.ToString(), (string?)left["object"]!["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task A_watch_by_name_sees_one_object()
    {
        await using var api = await TestApi.StartAsync();
        await using var byPath = await api.WatchAsync(ConfigMaps + "/b?watch=true");
        await using var byField = await api.WatchAsync(ConfigMaps + "?watch=true&fieldSelector=metadata.name%3Db");
        await CreateAsync(api, "a");
        await CreateAsync(api, "b");

        Assert.Equal("ADDED b", await byPath.NextTextAsync());
        Assert.Equal("ADDED b", await byField.NextTextAsync());
    }

    [Fact]
    public async Task Bookmarks_come_about_every_minute_to_those_who_allow_them()
    {
        await using var api = await TestApi.StartAsync();
        await using var watch = await api.WatchAsync(ConfigMaps + "?watch=true&allowWatchBookmarks=true&resourceVersion=1");
        await using var other = await api.WatchAsync(ConfigMaps + "?watch=true&resourceVersion=1");
        Assert.True(watch.IsQuiet());
        Assert.True(other.IsQuiet());
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"elsewhere"}}""");
        await api.GetAsync(ConfigMaps);

        api.Time.Advance(TimeSpan.FromMinutes(1));
        var bookmark = (await watch.NextAsync())!;

        Assert.Equal("BOOKMARK", (string?)bookmark["type"]);
        Assert.Equal("ConfigMap", (string?)bookmark["object"]!["kind"]);
        Assert.Equal(api.Store.CurrentRevision.ToString(), (string?)bookmark["object"]!["metadata"]!["resourceVersion"]);
        Assert.True(other.IsQuiet());
    }

    [Fact]
    public async Task A_watch_ends_when_its_time_is_over()
    {
        await using var api = await TestApi.StartAsync();
        await using var watch = await api.WatchAsync(
            ConfigMaps + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=10&resourceVersion=1"
        );
        await using var endless = await api.WatchAsync(ConfigMaps + "?watch=true&resourceVersion=1");
        Assert.True(watch.IsQuiet());
        Assert.True(endless.IsQuiet());

        api.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("BOOKMARK", await watch.NextTextAsync());
        Assert.Equal("END", await watch.NextTextAsync());
        api.Time.Advance(TimeSpan.FromMinutes(29));
        Assert.True(endless.IsQuiet());
        api.Time.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal("END", await endless.NextTextAsync());
    }

    [Fact]
    public async Task Watches_survive_a_restart_of_the_server_without_a_gap()
    {
        await using var store = new Petrel.Store.Memory.MemoryStore();
        string first;
        await using (var before = await TestApi.StartAsync(store: store))
        {
            first = await CreateAsync(before, "a");
            await CreateAsync(before, "b");
            before.KeepStore();
        }
        await using var after = await TestApi.StartAsync(store: store);
        await using var watch = await after.WatchAsync($"{ConfigMaps}?watch=true&resourceVersion={first}");

        Assert.Equal("ADDED b", await watch.NextTextAsync());
    }

    [Fact]
    public async Task Tables_can_be_watched_and_describe_their_columns_once()
    {
        await using var api = await TestApi.StartAsync();
        await CreateAsync(api, "a");
        await using var watch = await api.WatchAsync(
            ConfigMaps + "?watch=true",
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        );
        var first = (await watch.NextAsync())!;
        await CreateAsync(api, "b");
        var second = (await watch.NextAsync())!;

        Assert.Equal("a", (string?)first["object"]!["rows"]![0]!["cells"]![0]);
        Assert.Equal(3, first["object"]!["columnDefinitions"]!.AsArray().Count);
        Assert.Equal("b", (string?)second["object"]!["rows"]![0]!["cells"]![0]);
        Assert.True(second["object"]!["columnDefinitions"] is null or System.Text.Json.Nodes.JsonArray { Count: 0 });
    }

    [Fact]
    public async Task Watchers_see_every_change_once_and_in_order()
    {
        await using var api = await TestApi.StartAsync();
        var watches = new List<WatchReader>();
        for (var i = 0; i < 5; i++)
        {
            watches.Add(await api.WatchAsync(ConfigMaps + "?watch=true"));
            Assert.True(watches[i].IsQuiet());
        }
        var writers = Enumerable
            .Range(0, 4)
            .Select(async w =>
            {
                for (var i = 0; i < 50; i++)
                {
                    await CreateAsync(api, $"w{w}-{i}");
                }
            });
        await Task.WhenAll(writers);

        foreach (var watch in watches)
        {
            var last = 0L;
            for (var i = 0; i < 200; i++)
            {
                var revision = long.Parse((string)(await watch.NextAsync())!["object"]!["metadata"]!["resourceVersion"]!);
                Assert.True(revision > last);
                last = revision;
            }
            Assert.True(watch.IsQuiet());
            await watch.DisposeAsync();
        }
    }

    private static async Task<string> CreateAsync(TestApi api, string name) =>
        (string)(await api.CreateAsync(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"}}"""))["metadata"]!["resourceVersion"]!;

    private static Task PatchAsync(TestApi api, string name, string patch) =>
        api.JsonAsync(200, "PATCH", $"{ConfigMaps}/{name}", patch, "application/merge-patch+json");
}
