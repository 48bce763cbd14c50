using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Discovery;

/// <summary>The APIServices that say which groups are served.</summary>
public sealed class ApiServiceTests
{
    private const string Path = "/apis/apiregistration.k8s.io/v1/apiservices";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private const string Definition = """
        {"metadata":{"name":"boats.sea.example"},"spec":{"group":"sea.example","scope":"Namespaced","names":{"plural":"boats",
        "kind":"Boat"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
        """;

    [Fact]
    public async Task Each_version_of_each_group_has_one_that_is_available()
    {
        await using var api = await StartAsync();
        var groups = (await api.GetAsync("/apis"))["groups"]!
            .AsArray()
            .SelectMany(g => g!["versions"]!.AsArray().Select(v => $"{v!["version"]}.{g["name"]}"))
            .Where(n => n != "v1.apiregistration.k8s.io")
            .Append("v1.")
            .Order(StringComparer.Ordinal)
            .ToList();
        await UntilAsync(api, async () => (await NamesAsync(api)).Count == groups.Count);

        Assert.Equal(groups, await NamesAsync(api));
        var apps = await api.GetAsync($"{Path}/v1.apps");
        Assert.Equal("onstart", (string?)apps["metadata"]!["labels"]!["kube-aggregator.kubernetes.io/automanaged"]);
        Assert.Equal("""{"group":"apps","version":"v1","groupPriorityMinimum":17800,"versionPriority":15}""", apps["spec"]!.ToJsonString());
        Assert.Equal(("Available", "True", "Local"), Condition(apps));
        Assert.Null((await api.GetAsync($"{Path}/v1."))["spec"]!["group"]);
    }

    [Fact]
    public async Task Those_of_custom_resources_come_and_go_with_them()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(Definitions, Definition);
        await UntilAsync(api, async () => (await NamesAsync(api)).Contains("v1.sea.example"));
        var service = await api.GetAsync($"{Path}/v1.sea.example");
        Assert.Equal("true", (string?)service["metadata"]!["labels"]!["kube-aggregator.kubernetes.io/automanaged"]);
        Assert.Equal((1000, 100), ((int)service["spec"]!["groupPriorityMinimum"]!, (int)service["spec"]!["versionPriority"]!));

        await api.JsonAsync(200, "DELETE", $"{Definitions}/boats.sea.example");
        await UntilAsync(api, async () => !(await NamesAsync(api)).Contains("v1.sea.example"));
    }

    [Fact]
    public async Task One_that_is_deleted_or_changed_comes_back()
    {
        await using var api = await StartAsync();
        await UntilAsync(api, async () => (await NamesAsync(api)).Contains("v1.batch"));
        var uid = (string?)(await api.GetAsync($"{Path}/v1.batch"))["metadata"]!["uid"];
        await api.JsonAsync(200, "DELETE", $"{Path}/v1.batch");
        await UntilAsync(api, async () => (await NamesAsync(api)).Contains("v1.batch"));
        Assert.NotEqual(uid, (string?)(await api.GetAsync($"{Path}/v1.batch"))["metadata"]!["uid"]);

        await api.JsonAsync(200, "PATCH", $"{Path}/v1.batch", """{"spec":{"versionPriority":3}}""", "application/merge-patch+json");
        await UntilAsync(api, async () => (int)(await api.GetAsync($"{Path}/v1.batch"))["spec"]!["versionPriority"]! == 15);
    }

    [Fact]
    public async Task One_behind_a_service_is_refused_rather_than_ignored()
    {
        await using var api = await StartAsync();
        var refused = await api.JsonAsync(
            422,
            "POST",
            Path,
            """
            {"metadata":{"name":"v1beta1.metrics.k8s.io"},"spec":{"group":"metrics.k8s.io","version":"v1beta1",
            "groupPriorityMinimum":100,"versionPriority":100,
            "service":{"namespace":"kube-system","name":"metrics-server"},"insecureSkipTLSVerify":true}}
            """
        );
        Assert.Equal("spec.service", (string?)Assert.Single(refused["details"]!["causes"]!.AsArray())!["field"]);
    }

    private static Task<TestApi> StartAsync() => TestApi.StartAsync(new ApiServerOptions { KeepApiServices = true });

    // Looks again whenever one of them has changed.
    private static async Task UntilAsync(TestApi api, Func<Task<bool>> holds)
    {
        await using var watch = await api.WatchAsync($"{Path}?watch=1");
        while (!await holds())
        {
            Assert.NotNull(await watch.NextAsync());
        }
    }

    private static async Task<List<string>> NamesAsync(TestApi api) =>
        [.. (await api.GetAsync(Path))["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!).Order(StringComparer.Ordinal)];

    private static (string?, string?, string?) Condition(JsonObject service)
    {
        var condition = Assert.Single(service["status"]!["conditions"]!.AsArray())!;
        return ((string?)condition["type"], (string?)condition["status"], (string?)condition["reason"]);
    }
}
