using System.Text;
using System.Text.Json.Nodes;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.ApiServer.Tests.Verbs;

/// <summary>A stored value that can't be read is set aside, and everything else goes on.</summary>
public sealed class BrokenObjectTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Key = "/registry/core/configmaps/default/broken";

    public static TheoryData<string> Broken =>
        [
            "",
            "{",
            "null",
            "[]",
            "not json",
            "{}",
            """{"apiVersion":"v1","kind":"ConfigMap"}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken"},"data":{"a":"b"}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken"}}x""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":"broken"}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":7}}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken","labels":{"a":1}}}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken","ownerReferences":"x"}}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken","ownerReferences":["x"]}}""",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"broken","finalizers":{}}}""",
        ];

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task Lists_watches_and_writes_go_on_and_it_can_be_deleted_by_its_name(string value)
    {
        await using var api = await TestApi.StartAsync();
        await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"sound"}}""");
        await BreakAsync(api.Store, value);
        await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"later"}}""");

        var list = await api.GetAsync(ConfigMaps);
        Assert.Equal(["later", "sound"], Names(list));
        // The second page comes from the history.
        Assert.Equal(["sound"], Names(await api.GetAsync($"{ConfigMaps}?limit=9&continue={await ContinueAsync(api)}")));
        var read = await api.JsonAsync(500, "GET", ConfigMaps + "/broken");
        Assert.Equal("StorageReadError", (string?)read["reason"]);
        await api.JsonAsync(500, "PATCH", ConfigMaps + "/broken", """{"data":{"a":"1"}}""", "application/merge-patch+json");
        Assert.Contains(
            "petrel_storage_broken_objects{group=\"\",resource=\"configmaps\"} 1\n",
            (await api.SendAsync("GET", "/metrics")).BodyText,
            StringComparison.Ordinal
        );

        await api.JsonAsync(409, "DELETE", ConfigMaps + "/broken", """{"preconditions":{"resourceVersion":"1"}}""");
        Assert.Equal("Success", (string?)(await api.JsonAsync(200, "DELETE", ConfigMaps + "/broken"))["status"]);
        Assert.Null(await api.Store.GetAsync(Key, default));
        await api.JsonAsync(404, "GET", ConfigMaps + "/broken");
        Assert.DoesNotContain(
            "petrel_storage_broken_objects{",
            (await api.SendAsync("GET", "/metrics")).BodyText,
            StringComparison.Ordinal
        );
        await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"broken"}}""");
        Assert.Equal(["broken", "later", "sound"], Names(await api.GetAsync(ConfigMaps)));
    }

    [Fact]
    public async Task A_server_starts_with_one_and_deletes_it_with_the_collection()
    {
        var store = new MemoryStore();
        await BreakAsync(store, "{");
        await using var api = await TestApi.StartAsync(store: store);
        await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"sound"}}""");
        Assert.Equal(["sound"], Names(await api.GetAsync(ConfigMaps)));
        await api.JsonAsync(200, "DELETE", ConfigMaps + "?labelSelector=a%3Db");
        Assert.NotNull(await store.GetAsync(Key, default));
        await api.JsonAsync(200, "DELETE", ConfigMaps);
        Assert.Null(await store.GetAsync(Key, default));
        Assert.Empty(Names(await api.GetAsync(ConfigMaps)));
    }

    [Fact]
    public async Task For_a_watch_an_object_that_breaks_is_deleted_and_one_that_is_mended_is_added()
    {
        await using var api = await TestApi.StartAsync();
        var made = await api.JsonAsync(201, "POST", ConfigMaps, """{"metadata":{"name":"broken"}}""");
        var sound = (await api.Store.GetAsync(Key, default))!.Value;
        await BreakAsync(api.Store, "{");
        await BreakAsync(api.Store, "{\"");
        await api.Store.CommitAsync([StoreOperation.Put(Key, sound)], default);
        var from = (string?)made["metadata"]!["resourceVersion"];
        await using var watch = await api.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={from}");
        Assert.Equal("DELETED broken", await watch.NextTextAsync());
        Assert.Equal("ADDED broken", await watch.NextTextAsync());
        Assert.True(watch.IsQuiet());
    }

    private static async Task<string?> ContinueAsync(TestApi api) =>
        (string?)(await api.GetAsync($"{ConfigMaps}?limit=1"))["metadata"]!["continue"];

    private static IEnumerable<string?> Names(JsonObject list) => list["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]);

    private static async Task BreakAsync(MemoryStore store, string value) =>
        Assert.True((await store.CommitAsync([StoreOperation.Put(Key, Encoding.UTF8.GetBytes(value))], default)).Succeeded);
}
