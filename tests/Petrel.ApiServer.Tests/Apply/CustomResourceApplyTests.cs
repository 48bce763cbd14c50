using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Apply;

/// <summary>Custom resources are applied by their own schemas, in each of their versions.</summary>
public sealed class CustomResourceApplyTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Gates = "/apis/example.com/v1/namespaces/default/gates";
    private const string ApplyType = "application/apply-patch+yaml";

    private const string Schema = """
        {"type":"object","properties":{"spec":{"type":"object","properties":{
          "doors":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["number","side"],"items":{"type":"object",
          "required":["number"],
            "properties":{"number":{"type":"integer"},"side":{"type":"string","default":"north"},"color":{"type":"string"}}}},
          "whole":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"a":{"type":"string"},"b":{"type":"string"}}},
          "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}
        """;

    private static async Task<TestApi> StartAsync()
    {
        var api = await TestApi.StartAsync();
        await api.CreateAsync(
            Definitions,
            $$$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"gates.example.com"},
             "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"gates","singular":"gate","kind":"Gate"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{Schema}}}}},
                         {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{{{Schema}}}}}]}}
            """
        );
        await using var watch = await api.WatchAsync(
            Definitions + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        );
        while (await watch.NextAsync() is { } change)
        {
            if (
                change["object"]!
                    ["status"]
                    ?["conditions"]?.AsArray()
                    .Any(c => (string?)c!["type"] == "Established" && (string?)c["status"] == "True") == true
            )
            {
                break;
            }
        }
        return api;
    }

    private static Task<JsonObject> ApplyAsync(
        TestApi api,
        string manager,
        string spec,
        int status = 200,
        string version = "v1",
        string more = ""
    ) =>
        api.JsonAsync(
            status,
            "PATCH",
            $"{Gates.Replace("v1", version, StringComparison.Ordinal)}/g?fieldManager={manager}{more}",
            $$$"""{"apiVersion":"example.com/{{{version}}}","kind":"Gate","metadata":{"name":"g"},"spec":{{{spec}}}}""",
            ApplyType
        );

    private static string Fields(JsonObject gate, string manager) =>
        gate["metadata"]!["managedFields"]!.AsArray().Single(e => (string?)e!["manager"] == manager)!["fieldsV1"]!.ToJsonString(
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
        );

    [Fact]
    public async Task Keys_that_are_left_out_have_the_defaults_of_the_schema()
    {
        await using var api = await StartAsync();
        await ApplyAsync(api, "one", """{"doors":[{"number":1,"color":"red"}]}""", 201);

        var refused = await ApplyAsync(api, "two", """{"doors":[{"number":1,"side":"north","color":"blue"}]}""", 409);
        var both = await ApplyAsync(api, "two", """{"doors":[{"number":1,"side":"south","color":"blue"}]}""");

        Assert.Equal(
            """Apply failed with 1 conflict: conflict with "one": .spec.doors[number=1,side="north"].color""",
            (string?)refused["message"]
        );
        Assert.Equal(
            """[{"number":1,"color":"red","side":"north"},{"number":1,"side":"south","color":"blue"}]""",
            both["spec"]!["doors"]!.ToJsonString()
        );
    }

    [Fact]
    public async Task What_the_schema_leaves_open_is_owned_part_by_part_and_what_it_closes_as_a_whole()
    {
        await using var api = await StartAsync();
        await ApplyAsync(api, "one", """{"free":{"a":{"x":1},"l":[1]},"whole":{"a":"1"}}""", 201);

        var both = await ApplyAsync(api, "two", """{"free":{"a":{"y":2}}}""");
        var refused = await ApplyAsync(api, "two", """{"whole":{"b":"2"}}""", 409);
        var left = await ApplyAsync(api, "one", """{"free":{"l":[1]},"whole":{"a":"1"}}""");

        Assert.Equal("""{"f:spec":{"f:free":{"f:a":{".":{},"f:y":{}}}}}""", Fields(both, "two"));
        Assert.Equal("""Apply failed with 1 conflict: conflict with "one": .spec.whole""", (string?)refused["message"]);
        Assert.Equal("""{"a":{"y":2},"l":[1]}""", left["spec"]!["free"]!.ToJsonString());
    }

    [Fact]
    public async Task A_manager_may_go_on_in_another_version()
    {
        await using var api = await StartAsync();
        await ApplyAsync(api, "one", """{"doors":[{"number":1},{"number":2}]}""", 201);
        await ApplyAsync(api, "two", """{"doors":[{"number":3}]}""", version: "v2");

        var applied = await ApplyAsync(api, "one", """{"doors":[{"number":1}]}""", version: "v2");

        Assert.Equal([1, 3], applied["spec"]!["doors"]!.AsArray().Select(d => (int)d!["number"]!));
        Assert.Equal(
            ["example.com/v2", "example.com/v2"],
            applied["metadata"]!["managedFields"]!.AsArray().Select(e => (string?)e!["apiVersion"])
        );
    }

    [Fact]
    public async Task A_creators_fields_are_told_to_the_root()
    {
        await using var api = await StartAsync();

        var created = await api.JsonAsync(
            201,
            "POST",
            Gates + "?fieldManager=maker",
            """{"apiVersion":"example.com/v1","kind":"Gate","metadata":{"name":"g"},"spec":{"free":{"a":1}}}"""
        );

        Assert.Equal("""{"f:spec":{".":{},"f:free":{".":{},"f:a":{}}}}""", Fields(created, "maker"));
    }
}
