using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class PatchTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Fact]
    public async Task A_merge_patch_merges_and_removes()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"x":"1","y":"2"}}""");

        var patched = await api.JsonAsync(
            200,
            "PATCH",
            ConfigMaps + "/a",
            """{"data":{"x":null,"z":"3"}}""",
            "application/merge-patch+json"
        );

        Assert.Equal("""{"y":"2","z":"3"}""", patched["data"]!.ToJsonString());
    }

    [Fact]
    public async Task A_strategic_patch_merges_lists_by_key()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(
            Pods,
            """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}}"""
        );

        var patched = await api.JsonAsync(
            200,
            "PATCH",
            Pods + "/p",
            """{"spec":{"containers":[{"name":"b","image":"2"}]}}""",
            "application/strategic-merge-patch+json"
        );

        Assert.Equal(["a=1", "b=2"], patched["spec"]!["containers"]!.AsArray().Select(c => $"{c!["name"]}={c["image"]}").Order());
    }

    [Theory]
    [InlineData("application/strategic-merge-patch+json", """{"status":{"conditions":[{"type":"A","status":"True","reason":null}]}}""")]
    [InlineData(
        "application/merge-patch+json",
        """{"status":{"conditions":[{"type":"A","status":"True"},{"type":"B","status":"False"}]}}"""
    )]
    [InlineData("application/json-patch+json", """[{"op":"replace","path":"/status/conditions/0","value":{"type":"A","status":"True"}}]""")]
    public void A_patch_gives_the_same_when_a_conflict_makes_it_apply_again(string type, string body)
    {
        var kind = PodKind.Definition;
        var request = new ApiRequest
        {
            Method = "PATCH",
            Path = Pods + "/p",
            ContentType = type,
            Body = Encoding.UTF8.GetBytes(body),
        };
        var patch = ObjectPatch.Read(request, kind);
        string Apply() =>
            patch
                .Apply(
                    JsonNode
                        .Parse(
                            """
                            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},
                            "status":{"conditions":[{"type":"A","status":"False"},{"type":"B","status":"False"}]}}
                            """
                        )!
                        .AsObject(),
                    kind.Gvk,
                    kind.Schema,
                    FieldValidation.Ignore
                )
                .Document["status"]!.ToJsonString();

        Assert.Equal("""{"conditions":[{"type":"A","status":"True"},{"type":"B","status":"False"}]}""", Apply());
        Assert.Equal("""{"conditions":[{"type":"A","status":"True"},{"type":"B","status":"False"}]}""", Apply());
    }

    [Fact]
    public async Task A_json_patch_applies_in_whole_or_not_at_all()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"x":"1"}}""");
        var version = (string?)created["metadata"]!["resourceVersion"];

        var refused = await api.JsonAsync(
            422,
            "PATCH",
            ConfigMaps + "/a",
            """[{"op":"add","path":"/data/y","value":"2"},{"op":"test","path":"/data/x","value":"9"}]""",
            "application/json-patch+json"
        );
        var patched = await api.JsonAsync(
            200,
            "PATCH",
            ConfigMaps + "/a",
            $$"""[{"op":"test","path":"/metadata/resourceVersion","value":"{{version}}"},{"op":"add","path":"/data/y","value":"2"}]""",
            "application/json-patch+json"
        );

        Assert.Equal("the server rejected our request due to an error in our request", (string?)refused["message"]);
        Assert.Equal("2", (string?)patched["data"]!["y"]);
    }

    [Fact]
    public async Task A_patch_with_a_resource_version_is_refused_when_it_is_stale()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        var version = (string?)created["metadata"]!["resourceVersion"];
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = version },
            ["data"] = new JsonObject { ["x"] = "1" },
        };

        await api.JsonAsync(200, "PATCH", ConfigMaps + "/a", patch.ToJsonString(), "application/merge-patch+json");
        patch["data"]!["x"] = "2";
        var status = await api.JsonAsync(409, "PATCH", ConfigMaps + "/a", patch.ToJsonString(), "application/merge-patch+json");

        Assert.Equal("Conflict", (string?)status["reason"]);
    }

    [Fact]
    public async Task Patches_without_a_resource_version_all_take_effect()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i =>
                    api.JsonAsync(200, "PATCH", ConfigMaps + "/a", $$$"""{"data":{"k{{{i}}}":"v"}}""", "application/merge-patch+json")
                )
        );

        Assert.Equal(20, (await api.GetAsync(ConfigMaps + "/a"))["data"]!.AsObject().Count);
    }

    [Fact]
    public async Task Unknown_fields_of_a_strict_patch_are_named()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        var status = await api.JsonAsync(
            400,
            "PATCH",
            ConfigMaps + "/a?fieldValidation=Strict",
            """{"dta":{"x":"1"}}""",
            "application/merge-patch+json"
        );

        Assert.Contains("unknown field \"dta\"", (string?)status["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/apply-patch+cbor")]
    [InlineData("application/json")]
    public async Task Other_patches_are_unsupported(string contentType)
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(415, "PATCH", ConfigMaps + "/a", "{}", contentType);

        Assert.Equal(
            "the body of the request was in an unknown format - accepted media types include: "
                + "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
                + "application/apply-patch+yaml",
            (string?)status["message"]
        );
    }

    [Fact]
    public async Task A_patch_of_what_is_not_there_is_not_found()
    {
        await using var api = await TestApi.StartAsync();

        await api.JsonAsync(404, "PATCH", ConfigMaps + "/a", "{}", "application/merge-patch+json");
    }
}
