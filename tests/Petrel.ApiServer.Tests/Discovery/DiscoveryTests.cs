using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Discovery;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Discovery;

public sealed class DiscoveryTests
{
    // What kubectl 1.35 sends.
    private const string Kubectl =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
        + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

    private readonly DiscoveryDocuments _documents = new(BuiltInKinds.Registry);

    private ApiResponse? Get(string path, string accept = "", string ifNoneMatch = "") =>
        _documents.Answer(
            new ApiRequest
            {
                Method = "GET",
                Path = path,
                Accept = accept,
                IfNoneMatch = ifNoneMatch,
            }
        );

    private JsonNode Document(string path, string accept = "") => JsonNode.Parse(Get(path, accept)!.Body.Span)!;

    [Fact]
    public void Aggregated_discovery_is_answered_under_its_own_content_type()
    {
        var response = Get("/apis", Kubectl)!;

        Assert.Equal("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", response.ContentType);
        var list = JsonNode.Parse(response.Body.Span)!;
        Assert.Equal("APIGroupDiscoveryList", (string?)list["kind"]);
        Assert.Equal("apidiscovery.k8s.io/v2", (string?)list["apiVersion"]);
        var groups = list["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]).ToList();
        Assert.Equal(BuiltInKinds.Registry.GroupVersions.Select(g => g.Group).Where(g => g.Length > 0).Distinct(), groups);
        Assert.Contains("apps", groups);
    }

    [Fact]
    public void The_core_group_is_at_api_with_its_subresources()
    {
        var resources = Document("/api", Kubectl)["items"]![0]!["versions"]![0]!["resources"]!.AsArray();
        var pods = resources.Single(r => (string?)r!["resource"] == "pods")!;

        Assert.Equal("Namespaced", (string?)pods["scope"]);
        Assert.Equal("pod", (string?)pods["singularResource"]);
        Assert.Equal("""["po"]""", pods["shortNames"]!.ToJsonString());
        Assert.Equal("""["all"]""", pods["categories"]!.ToJsonString());
        Assert.Equal("""["create","delete","deletecollection","get","list","patch","update","watch"]""", pods["verbs"]!.ToJsonString());
        Assert.Contains(
            """{"subresource":"eviction","responseKind":{"group":"policy","version":"v1","kind":"Eviction"},"verbs":["create"]}""",
            pods["subresources"]!.AsArray().Select(s => s!.ToJsonString())
        );
        Assert.Contains("status", pods["subresources"]!.AsArray().Select(s => (string?)s!["subresource"]));
    }

    [Fact]
    public void Older_clients_get_one_document_a_level()
    {
        Assert.Equal("""["v1"]""", Document("/api")["versions"]!.ToJsonString());
        Assert.Equal("APIGroupList", (string?)Document("/apis", "application/json")["kind"]);
        Assert.Equal("apps/v1", (string?)Document("/apis/apps")["preferredVersion"]!["groupVersion"]);
        var apps = Document("/apis/apps/v1");
        Assert.Equal("apps/v1", (string?)apps["groupVersion"]);
        var scale = apps["resources"]!.AsArray().Single(r => (string?)r!["name"] == "deployments/scale")!;
        Assert.Equal(
            """{"name":"deployments/scale","singularName":"","namespaced":"""
                + """true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get","patch","update"]}""",
            scale.ToJsonString()
        );
    }

    [Fact]
    public void Unknown_groups_and_other_paths_are_not_answered()
    {
        Assert.Null(Get("/apis/nothing"));
        Assert.Null(Get("/apis/apps/v2"));
        Assert.Null(Get("/api/v1/pods"));
        Assert.Null(Get("/version"));
    }

    [Fact]
    public void A_client_that_has_the_document_is_not_sent_it_again()
    {
        var tag = Get("/api", Kubectl)!.Headers.Single(h => h.Key == "ETag").Value;

        Assert.Equal(304, Get("/api", Kubectl, tag)!.StatusCode);
        Assert.Equal(200, Get("/api", "", tag)!.StatusCode);
    }
}
