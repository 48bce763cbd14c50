using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Responses;

/// <summary>The forms that a client may ask for: tables, YAML, dry runs, and the paths that are no resources.</summary>
public sealed class ResponseFormTests
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private const string Deployment =
        """{"metadata":{"name":"d"},"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},"""
        + "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},"
        + "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}";

    [Theory]
    [InlineData(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        """{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}"""
    )]
    [InlineData("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""")]
    [InlineData("/apis/authentication.k8s.io/v1/tokenreviews", """{"spec":{"token":"x"}}""")]
    [InlineData("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")]
    public async Task Reviews_have_no_table(string path, string body)
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(406, "POST", path, body, accept: Table);
        var other = await api.JsonAsync(201, "POST", path, body, accept: Table + ",application/json");

        Assert.Equal("NotAcceptable", (string?)status["reason"]);
        Assert.NotEqual("Table", (string?)other["kind"]);
    }

    [Fact]
    public async Task A_scale_has_a_table_of_its_own()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Deployments, Deployment);

        var table = await api.JsonAsync(200, "GET", Deployments + "/d/scale", accept: Table);
        var plain = await api.GetAsync(Deployments + "/d/scale");

        Assert.Equal("Table", (string?)table["kind"]);
        Assert.Equal(["Name", "Desired", "Available", "Age"], table["columnDefinitions"]!.AsArray().Select(c => (string?)c!["name"]));
        Assert.Equal("""["d",3,0""", table["rows"]![0]!["cells"]!.ToJsonString()[..8]);
        Assert.Equal("Scale", (string?)plain["kind"]);
        Assert.Equal(
            (string?)(await api.GetAsync(Deployments + "/d"))["metadata"]!["resourceVersion"],
            (string?)plain["metadata"]!["resourceVersion"]
        );
    }

    [Fact]
    public async Task YAML_is_written_for_who_asks_first_for_it()
    {
        await using var api = await TestApi.StartAsync();
        const string Map =
            """{"metadata":{"name":"m"},"data":{"a":"true","b":"1.35","c":"no","d":"x: y\n- z","e":"","f":"0x1F","g":"~","h":" 1e3"}}""";

        var created = await api.SendAsync("POST", Core + "configmaps", Map, accept: "application/yaml");
        var read = await api.SendAsync("GET", Core + "configmaps/m", accept: "application/yaml, application/json");
        var list = await api.SendAsync("GET", Core + "configmaps", accept: "application/yaml");
        var missing = await api.SendAsync("GET", Core + "configmaps/none", accept: "application/yaml");
        var json = await api.SendAsync("GET", Core + "configmaps/m", accept: "application/json, application/yaml");

        Assert.Equal((201, "application/yaml"), (created.StatusCode, created.ContentType));
        Assert.Equal((200, "application/yaml"), (read.StatusCode, read.ContentType));
        Assert.Equal((404, "application/yaml"), (missing.StatusCode, missing.ContentType));
        Assert.Equal("application/json", json.ContentType);
        // The same object, read back by the server's own parser.
        var expected = JsonNode.Parse(json.Body.Span)!;
        Assert.True(JsonNode.DeepEquals(expected, YamlDocument.Parse(read.Body.Span)), read.BodyText);
        Assert.Equal("ConfigMapList", (string?)YamlDocument.Parse(list.Body.Span)["kind"]);
        Assert.Equal(404, (long)YamlDocument.Parse(missing.Body.Span)["code"]!);
        Assert.Contains("\nkind: ConfigMap\n", read.BodyText, StringComparison.Ordinal);
        // And written again.
        await api.JsonAsync(200, "PUT", Core + "configmaps/m", read.BodyText, "application/yaml");
    }

    [Fact]
    public async Task A_dry_run_shows_no_resource_version()
    {
        await using var api = await TestApi.StartAsync();

        var shown = await api.JsonAsync(201, "POST", Core + "configmaps?dryRun=All", """{"metadata":{"name":"m"}}""");
        var applied = await api.JsonAsync(
            201,
            "PATCH",
            Core + "configmaps/m?dryRun=All&fieldManager=a",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"}}""",
            "application/apply-patch+yaml"
        );

        Assert.Null(shown["metadata"]!["resourceVersion"]);
        Assert.Null(applied["metadata"]!["resourceVersion"]);
        Assert.Equal("m", (string?)shown["metadata"]!["name"]);
        Assert.NotNull((await api.CreateAsync(Core + "configmaps", """{"metadata":{"name":"m"}}"""))["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task The_root_lists_the_paths_that_are_no_resources()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });

        var paths = (await api.GetAsync("/"))["paths"]!.AsArray().Select(p => (string)p!).ToList();

        Assert.Equal(paths.Order(StringComparer.Ordinal), paths);
        string[] some = ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/livez", "/livez/ping", "/metrics", "/openapi/v2"];
        Assert.All([.. some, "/openapi/v3/apis/apps/v1", "/readyz", "/version"], p => Assert.Contains(p, paths));
        foreach (var path in paths)
        {
            Assert.True((await api.SendAsync("GET", path)).IsSuccess, path);
        }
        await api.JsonAsync(405, "POST", "/", "{}");
        Assert.Equal(403, (await api.SendAsync("GET", "/", user: new UserInfo("jane", [UserInfo.AuthenticatedGroup]))).StatusCode);
    }

    [Fact]
    public async Task The_version_names_the_build()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { BuildDate = "2026-01-02T03:04:05Z" });

        var version = await api.GetAsync("/version");

        Assert.Equal("2026-01-02T03:04:05Z", (string?)version["buildDate"]);
        Assert.Matches("^([0-9a-f]{40})?$", (string?)version["gitCommit"]);
        Assert.Equal(((string?)version["gitCommit"])!.Length > 0 ? "clean" : "archive", (string?)version["gitTreeState"]);
    }

    [Theory]
    [InlineData("/api/v1/watch/configmaps")]
    [InlineData("/api/v1/watch/namespaces/default/configmaps")]
    [InlineData("/api/v1/watch/namespaces/default/configmaps/m")]
    public async Task The_old_paths_of_watches_are_served(string path)
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Core + "configmaps", """{"metadata":{"name":"m","labels":{"a":"b"}}}""");

        await using var watch = await api.WatchAsync(path + "?labelSelector=a%3Db");

        Assert.Equal("ADDED m", await watch.NextTextAsync());
        await api.JsonAsync(200, "DELETE", Core + "configmaps/m");
        Assert.Equal("DELETED m", await watch.NextTextAsync());
        Assert.Equal(404, (await api.SendAsync("POST", path, "{}")).StatusCode);
    }

    [Fact]
    public async Task The_old_paths_of_watches_need_the_verb_watch()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });
        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
        await api.CreateAsync(
            Rbac + "roles",
            """{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"resourceNames":["m"],"verbs":["watch"]}]}"""
        );
        await api.CreateAsync(
            Rbac + "rolebindings",
            """{"metadata":{"name":"r"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"jane"}]}"""
        );
        var jane = new UserInfo("jane", [UserInfo.AuthenticatedGroup]);
        async Task<int> StatusAsync(string path) => (await api.SendAsync("GET", path, user: jane)).StatusCode;

        Assert.Equal(200, await StatusAsync("/api/v1/watch/namespaces/default/configmaps/m"));
        Assert.Equal(403, await StatusAsync("/api/v1/watch/namespaces/default/configmaps"));
        Assert.Equal(403, await StatusAsync("/api/v1/watch/namespaces/default/configmaps/n"));
        Assert.Equal(403, await StatusAsync("/api/v1/watch/configmaps"));
        Assert.Equal(403, await StatusAsync(Core + "configmaps/m"));
    }
}
