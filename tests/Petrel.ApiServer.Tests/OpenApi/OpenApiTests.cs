using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.OpenApi;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.OpenApi;

public sealed class OpenApiTests
{
    private static readonly OpenApiDocuments Documents = new(BuiltInKinds.Registry);

    private static ApiResponse? Get(string path, string hash = "", string ifNoneMatch = "") =>
        Documents.Answer(
            new ApiRequest
            {
                Method = "GET",
                Path = path,
                Query = hash.Length == 0 ? [] : [new("hash", hash)],
                IfNoneMatch = ifNoneMatch,
            }
        );

    private static JsonNode Document(string path) => JsonNode.Parse(Get(path)!.Body.Span)!;

    [Fact]
    public void The_index_leads_to_every_group_and_version_by_hash()
    {
        var paths = Document("/openapi/v3")["paths"]!.AsObject();

        Assert.Equal(BuiltInKinds.Registry.GroupVersions.Select(g => g.Root), paths.Select(p => p.Key));
        var url = (string)paths["apis/apps/v1"]!["serverRelativeURL"]!;
        Assert.StartsWith("/openapi/v3/apis/apps/v1?hash=", url, StringComparison.Ordinal);
        var response = Get("/openapi/v3/apis/apps/v1", url[(url.IndexOf('=', StringComparison.Ordinal) + 1)..])!;
        Assert.Equal(200, response.StatusCode);
        Assert.Contains(response.Headers, h => h is { Key: "Cache-Control", Value: "public, immutable" });
    }

    [Fact]
    public void An_outdated_hash_is_led_to_the_newest() => Assert.Equal(301, Get("/openapi/v3/api/v1", "0123")!.StatusCode);

    [Fact]
    public void What_is_not_there_is_not_answered()
    {
        Assert.Null(Get("/openapi/v3/apis/nothing/v1"));
        Assert.Null(Get("/openapi/v2"));
    }

    [Fact]
    public void A_patch_names_its_kind_and_takes_fieldValidation()
    {
        var patch = Document("/openapi/v3/apis/apps/v1")["paths"]!["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!["patch"]!;

        Assert.Equal("patch", (string?)patch["x-kubernetes-action"]);
        Assert.Equal("""{"group":"apps","version":"v1","kind":"Deployment"}""", patch["x-kubernetes-group-version-kind"]!.ToJsonString());
        Assert.Contains("fieldValidation", patch["parameters"]!.AsArray().Select(p => (string?)p!["name"]));
        Assert.Contains("application/strategic-merge-patch+json", patch["requestBody"]!["content"]!.AsObject().Select(c => c.Key));
        Assert.Equal("patchAppsV1NamespacedDeployment", (string?)patch["operationId"]);
    }

    [Fact]
    public void Schemas_say_how_lists_merge()
    {
        var containers = Document("/openapi/v3/api/v1")["components"]!["schemas"]!["io.k8s.api.core.v1.PodSpec"]!["properties"]![
            "containers"
        ]!;

        Assert.Equal("name", (string?)containers["x-kubernetes-patch-merge-key"]);
        Assert.Equal("merge", (string?)containers["x-kubernetes-patch-strategy"]);
        Assert.Equal("map", (string?)containers["x-kubernetes-list-type"]);
        Assert.Equal("""["name"]""", containers["x-kubernetes-list-map-keys"]!.ToJsonString());
    }

    [Fact]
    public void Types_and_fields_are_described_as_upstream_describes_them()
    {
        var schemas = Document("/openapi/v3/api/v1")["components"]!["schemas"]!;
        var pod = schemas["io.k8s.api.core.v1.PodSpec"]!;

        Assert.Equal("PodSpec is a description of a pod.", (string?)pod["description"]);
        Assert.Contains("ipc namespace", (string?)pod["properties"]!["hostIPC"]!["description"], StringComparison.Ordinal);
        Assert.Contains(
            "component reporting",
            (string?)schemas["io.k8s.api.core.v1.Event"]!["properties"]!["source"]!["description"],
            StringComparison.Ordinal
        );
        Assert.Contains(
            "unique",
            (string?)schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]!["properties"]!["namespace"]!["description"],
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string> Roots => [.. BuiltInKinds.Registry.GroupVersions.Select(g => g.Root)];

    [Theory]
    [MemberData(nameof(Roots))]
    public void Every_reference_leads_somewhere(string name)
    {
        var document = Document($"/openapi/v3/{name}");
        var schemas = document["components"]!["schemas"]!.AsObject();

        foreach (var reference in References(document))
        {
            Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference);
        }
        Assert.Equal("3.0.0", (string?)document["openapi"]);
    }

    private static IEnumerable<string> References(JsonNode? node) =>
        node switch
        {
            JsonObject map => map.SelectMany(m => m.Key == "$ref" && m.Value is JsonValue ? [(string)m.Value!] : References(m.Value)),
            JsonArray list => list.SelectMany(References),
            _ => [],
        };
}
