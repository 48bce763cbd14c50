using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Admission;

public sealed class ResourceQuotaTests
{
    private const string Core = "/api/v1/namespaces/default";

    [Fact]
    public async Task Parallel_creations_never_exceed_the_quota_and_are_counted_exactly()
    {
        await using var api = await TestApi.StartAsync();
        await SetQuotaAsync(api, "q", "\"pods\":\"7\",\"requests.cpu\":\"600m\"");

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 30).Select(i => api.SendAsync("POST", Core + "/pods", Pod($"p{i}", "100m")).AsTask())
        );

        Assert.Equal(6, answers.Count(a => a.StatusCode == 201));
        Assert.All(answers.Where(a => a.StatusCode != 201), a => Assert.Equal(403, a.StatusCode));
        var used = (await api.GetAsync(Core + "/resourcequotas/q"))["status"]!["used"]!;
        Assert.Equal("6", (string?)used["pods"]);
        Assert.Equal("600m", (string?)used["requests.cpu"]);
        var refusal = await api.JsonAsync(403, "POST", Core + "/pods", Pod("late", "100m"));
        Assert.Equal(
            "pods \"late\" is forbidden: exceeded quota: q, requested: requests.cpu=100m, used: requests.cpu=600m, limited: "
                + "requests.cpu=600m",
            (string?)refusal["message"]
        );
        Assert.Equal("Forbidden", (string?)refusal["reason"]);
    }

    [Fact]
    public async Task Every_quota_of_the_namespace_must_allow_an_object_or_none_is_charged()
    {
        await using var api = await TestApi.StartAsync();
        await SetQuotaAsync(api, "a", "\"configmaps\":\"5\"");
        await SetQuotaAsync(api, "b", "\"count/configmaps\":\"1\"");

        await api.CreateAsync(Core + "/configmaps", """{"metadata":{"name":"one"}}""");
        await api.JsonAsync(403, "POST", Core + "/configmaps", """{"metadata":{"name":"two"}}""");
        await api.JsonAsync(201, "POST", "/api/v1/namespaces/kube-public/configmaps", """{"metadata":{"name":"two"}}""");

        Assert.Equal("1", (string?)(await api.GetAsync(Core + "/resourcequotas/a"))["status"]!["used"]!["configmaps"]);
        Assert.Equal("1", (string?)(await api.GetAsync(Core + "/resourcequotas/b"))["status"]!["used"]!["count/configmaps"]);
    }

    [Fact]
    public async Task A_dry_run_is_held_to_the_quota_and_not_charged()
    {
        await using var api = await TestApi.StartAsync();
        await SetQuotaAsync(api, "q", "\"secrets\":\"1\"");

        await api.JsonAsync(201, "POST", Core + "/secrets?dryRun=All", """{"metadata":{"name":"s"}}""");
        Assert.Equal("0", (string?)(await api.GetAsync(Core + "/resourcequotas/q"))["status"]!["used"]!["secrets"]);
        await api.CreateAsync(Core + "/secrets", """{"metadata":{"name":"s"}}""");

        await api.JsonAsync(403, "POST", Core + "/secrets?dryRun=All", """{"metadata":{"name":"t"}}""");
    }

    [Fact]
    public async Task A_service_that_changes_its_type_is_charged_for_its_ports()
    {
        await using var api = await TestApi.StartAsync();
        await SetQuotaAsync(api, "q", "\"services.nodeports\":\"1\"");
        await api.CreateAsync(Core + "/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""");

        await PatchAsync(api, 200, "/services/s", """{"spec":{"type":"NodePort"}}""");
        Assert.Equal("1", (string?)(await api.GetAsync(Core + "/resourcequotas/q"))["status"]!["used"]!["services.nodeports"]);
        await api.CreateAsync(Core + "/services", """{"metadata":{"name":"t"},"spec":{"ports":[{"port":80}]}}""");
        await PatchAsync(api, 403, "/services/t", """{"spec":{"type":"NodePort"}}""");
    }

    [Fact]
    public async Task A_scoped_quota_counts_only_what_is_in_its_scope()
    {
        await using var api = await TestApi.StartAsync();
        await SetQuotaAsync(api, "q", "\"pods\":\"0\"", "\"scopes\":[\"BestEffort\"],");

        await api.CreateAsync(Core + "/pods", Pod("busy", "100m"));
        var refusal = await api.JsonAsync(
            403,
            "POST",
            Core + "/pods",
            """{"metadata":{"name":"idle"},"spec":{"containers":[{"name":"c","image":"i"}]}}"""
        );

        Assert.Contains(
            "exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0",
            (string?)refusal["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_count_that_misses_a_creation_before_the_quota_is_in_force_cannot_be_written()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Core + "/resourcequotas", """{"metadata":{"name":"q"},"spec":{"hard":{"configmaps":"3"}}}""");
        var counted = await api.GetAsync(Core + "/resourcequotas/q");
        await api.CreateAsync(Core + "/configmaps", """{"metadata":{"name":"missed"}}""");

        counted["status"] = JsonNode.Parse("""{"hard":{"configmaps":"3"},"used":{"configmaps":"0"}}""");

        await api.JsonAsync(409, "PUT", Core + "/resourcequotas/q/status", counted.ToJsonString());
    }

    private static async Task SetQuotaAsync(TestApi api, string name, string hard, string more = "")
    {
        await api.CreateAsync(
            Core + "/resourcequotas",
            $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{ {{{more}}} "hard":{ {{{hard}}} } } }"""
        );
        var used = string.Join(',', hard.Split(',').Select(h => h[..h.IndexOf(':')] + ":\"0\""));
        await PatchAsync(api, 200, $"/resourcequotas/{name}/status", $$$"""{"status":{"hard":{ {{{hard}}} },"used":{ {{{used}}} } } }""");
    }

    private static Task<JsonObject> PatchAsync(TestApi api, int status, string path, string patch) =>
        api.JsonAsync(status, "PATCH", Core + path, patch, "application/merge-patch+json");

    private static string Pod(string name, string cpu) =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":"""
        + $$$"""[{"name":"c","image":"i","resources":{"requests":{"cpu":"{{{cpu}}}"} } }]}}""";
}
