using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class ListTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_list_is_ordered_and_of_its_namespace()
    {
        await using var api = await TestApi.StartAsync();
        foreach (var name in new[] { "c", "a", "b" })
        {
            await api.CreateAsync(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }
        await api.CreateAsync("/api/v1/namespaces/kube-system/configmaps", """{"metadata":{"name":"z"}}""");

        var list = await api.GetAsync(ConfigMaps);
        var all = await api.GetAsync("/api/v1/configmaps");

        Assert.Equal("ConfigMapList", (string?)list["kind"]);
        Assert.Equal(["a", "b", "c"], Names(list));
        Assert.Equal(["a", "b", "c", "z"], Names(all));
        Assert.Equal(api.Store.CurrentRevision.ToString(), (string?)list["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task Selectors_choose_by_labels_and_fields()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync("/api/v1/namespaces/default/pods", Pod("p1", "web", "n1"));
        await api.CreateAsync("/api/v1/namespaces/default/pods", Pod("p2", "db", "n1"));
        await api.CreateAsync("/api/v1/namespaces/default/pods", Pod("p3", "web", "n2"));

        Assert.Equal(["p1", "p3"], Names(await api.GetAsync("/api/v1/pods?labelSelector=app%20in%20(web)")));
        Assert.Equal(["p1", "p2"], Names(await api.GetAsync("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1")));
        Assert.Equal(["p2"], Names(await api.GetAsync("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1,metadata.name!%3Dp1")));
        var unknown = await api.JsonAsync(400, "GET", "/api/v1/pods?fieldSelector=spec.color%3Dred");
        Assert.Equal("field label not supported: spec.color", (string?)unknown["message"]);
        await api.JsonAsync(400, "GET", "/api/v1/pods?labelSelector=a%3D%3D%3Db");
    }

    [Fact]
    public async Task Pages_show_one_revision_until_it_is_compacted()
    {
        await using var api = await TestApi.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await api.CreateAsync(ConfigMaps, $$$"""{"metadata":{"name":"m{{{i}}}"}}""");
        }

        var first = await api.GetAsync(ConfigMaps + "?limit=2");
        Assert.Equal(["m0", "m1"], Names(first));
        Assert.Equal(3, (int)first["metadata"]!["remainingItemCount"]!);
        await api.JsonAsync(200, "DELETE", ConfigMaps + "/m3");
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"m9"}}""");
        var second = await api.GetAsync($"{ConfigMaps}?limit=2&continue={first["metadata"]!["continue"]}");
        var third = await api.GetAsync($"{ConfigMaps}?limit=2&continue={second["metadata"]!["continue"]}");

        Assert.Equal(["m2", "m3"], Names(second));
        Assert.Equal(["m4"], Names(third));
        Assert.Null(third["metadata"]!["continue"]);
        Assert.Equal((string?)first["metadata"]!["resourceVersion"], (string?)third["metadata"]!["resourceVersion"]);

        // The server has taken in everything that is compacted now, as its own compaction makes sure of.
        await api.GetAsync(ConfigMaps);
        await api.Store.CompactAsync(api.Store.CurrentRevision, default);
        var expired = await api.JsonAsync(410, "GET", $"{ConfigMaps}?limit=2&continue={first["metadata"]!["continue"]}");
        Assert.Equal("Expired", (string?)expired["reason"]);

        // An inconsistent continuation shows the objects of now: without m3, with m9.
        var rest = await api.GetAsync($"{ConfigMaps}?limit=2&continue={expired["metadata"]!["continue"]}");
        Assert.Equal(["m2", "m4"], Names(rest));
        var last = await api.GetAsync($"{ConfigMaps}?limit=2&continue={rest["metadata"]!["continue"]}");
        Assert.Equal(["m9"], Names(last));
        await api.JsonAsync(400, "GET", $"{ConfigMaps}?continue=nonsense");
    }

    [Fact]
    public async Task A_limit_counts_what_is_selected()
    {
        await using var api = await TestApi.StartAsync();
        for (var i = 0; i < 6; i++)
        {
            await api.CreateAsync(
                ConfigMaps,
                $$$"""{"metadata":{"name":"m{{{i}}}","labels":{"even":"{{{(i % 2 == 0 ? "yes" : "no")}}}"} }}"""
            );
        }
        var first = await api.GetAsync(ConfigMaps + "?limit=2&labelSelector=even%3Dyes");
        var second = await api.GetAsync($"{ConfigMaps}?limit=2&labelSelector=even%3Dyes&continue={first["metadata"]!["continue"]}");

        Assert.Equal(["m0", "m2"], Names(first));
        Assert.Equal(["m4"], Names(second));
    }

    [Fact]
    public async Task Revisions_can_be_asked_for_exactly_or_at_least()
    {
        await using var api = await TestApi.StartAsync();
        var first = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"b"}}""");
        var version = first["metadata"]!["resourceVersion"];
        Assert.Equal(["a", "b"], Names(await api.GetAsync(ConfigMaps)));

        Assert.Equal(["a"], Names(await api.GetAsync($"{ConfigMaps}?resourceVersion={version}&resourceVersionMatch=Exact")));
        Assert.Equal(["a", "b"], Names(await api.GetAsync($"{ConfigMaps}?resourceVersion={version}&resourceVersionMatch=NotOlderThan")));
        Assert.Equal(["a", "b"], Names(await api.GetAsync($"{ConfigMaps}?resourceVersion=0")));
        await api.JsonAsync(422, "GET", $"{ConfigMaps}?resourceVersionMatch=Exact");
    }

    [Fact]
    public async Task A_revision_that_does_not_come_is_refused_after_a_while()
    {
        await using var api = await TestApi.StartAsync();

        var waiting = api.JsonAsync(504, "GET", $"{ConfigMaps}?resourceVersion=1000");
        Assert.False(waiting.IsCompleted);
        api.Time.Advance(TimeSpan.FromSeconds(3));
        var status = await waiting.WaitAsync(TestApi.Patience);

        Assert.Equal($"Timeout: Too large resource version: 1000, current: {api.Store.CurrentRevision}", (string?)status["message"]);
        Assert.Equal("ResourceVersionTooLarge", (string?)status["details"]!["causes"]![0]!["reason"]);
    }

    [Fact]
    public async Task Tables_and_metadata_are_served_to_those_who_ask()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"v","l":"w"}}""");
        api.Time.Advance(TimeSpan.FromMinutes(5));

        var table = await api.JsonAsync(
            200,
            "GET",
            ConfigMaps,
            accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
        );
        var metadata = await api.JsonAsync(
            200,
            "GET",
            ConfigMaps,
            accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        );
        var single = await api.JsonAsync(
            200,
            "GET",
            ConfigMaps + "/a",
            accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        );

        Assert.Equal("Table", (string?)table["kind"]);
        Assert.Equal(["Name", "Data", "Age"], table["columnDefinitions"]!.AsArray().Select(c => (string?)c!["name"]));
        Assert.Equal("""["a",2,"5m"]""", table["rows"]![0]!["cells"]!.ToJsonString());
        Assert.Equal("PartialObjectMetadata", (string?)table["rows"]![0]!["object"]!["kind"]);
        Assert.Equal("PartialObjectMetadataList", (string?)metadata["kind"]);
        Assert.Equal("y", (string?)metadata["items"]![0]!["metadata"]!["labels"]!["x"]);
        Assert.Null(metadata["items"]![0]!["data"]);
        Assert.Equal("a", (string?)single["metadata"]!["name"]);
        await api.JsonAsync(406, "GET", ConfigMaps, accept: "application/xml");
    }

    private static IEnumerable<string?> Names(JsonObject list) => list["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]);

    private static string Pod(string name, string app, string node) =>
        $$$"""{"metadata":{"name":"{{{name}}}","labels":{"app":"{{{app}}}"}},"spec":{"nodeName":"{{{node}}}","containers":"""
        + $$$"""[{"name":"c","image":"i"}]}}""";
}
