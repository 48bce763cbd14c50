using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

/// <summary>Configurations of webhooks come, change and go while objects are written.</summary>
public sealed class WebhookConfigurationTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Pods = "/api/v1/namespaces/default/pods";

    private readonly MemoryWebhooks _hooks = new();

    [Theory]
    [InlineData("mutating")]
    [InlineData("validating")]
    public async Task Listed_webhooks_count_until_their_collection_is_deleted(string type)
    {
        await using var api = await StartAsync();
        foreach (var name in (string[])["a", "b", "c"])
        {
            await api.CreateAsync(Collection(type), Configuration(type, name));
        }

        Assert.Equal(["a", "b", "c"], await ListAsync(api, type, "?labelSelector=test%3Dyes"));
        Assert.True(await CountsAsync(api, "one"));
        await api.JsonAsync(200, "DELETE", Collection(type) + "?labelSelector=test%3Dyes");
        Assert.Empty(await ListAsync(api, type));
        Assert.False(await CountsAsync(api, "two"));
    }

    [Theory]
    [InlineData("mutating")]
    [InlineData("validating")]
    public async Task A_changed_rule_counts_from_the_next_request_on(string type)
    {
        await using var api = await StartAsync();
        var configuration = await api.CreateAsync(Collection(type), Configuration(type, "a"));
        await ListAsync(api, type);
        Assert.True(await CountsAsync(api, "one"));

        configuration["webhooks"]![0]!["rules"]![0]!["operations"] = new JsonArray("UPDATE");
        await api.JsonAsync(200, "PUT", Collection(type) + "/a", configuration.ToJsonString());
        await ListAsync(api, type);
        Assert.False(await CountsAsync(api, "two"));

        await api.JsonAsync(
            200,
            "PATCH",
            Collection(type) + "/a",
            """[{"op":"replace","path":"/webhooks/0/rules/0/operations","value":["CREATE"]}]""",
            "application/json-patch+json"
        );
        await ListAsync(api, type);
        Assert.True(await CountsAsync(api, "three"));
    }

    [Fact]
    public async Task What_a_webhook_refuses_is_neither_created_nor_changed_but_in_an_exempt_namespace()
    {
        await using var api = await StartAsync();
        _hooks.Add("/maps", r => Answer(!Has(r["object"]!["data"], "bad")));
        _hooks.Add("/pods", async (r, token) =>
        {
            if (Has(r["object"]!["metadata"]!["labels"], "hang"))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, api.Time, token);
            }
            return JsonNode.Parse(Answer(!Has(r["object"]!["metadata"]!["labels"], "bad")))!.AsObject();
        });
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"exempt","labels":{"skip":"yes"}}}""");
        await api.CreateAsync(
            Collection("validating"),
            $$"""{"metadata":{"name":"a"},"webhooks":[{{Hook("maps", "configmaps")}},{{Hook("pods", "pods")}}]}"""
        );
        await ListAsync(api, "validating");

        var refused = await api.JsonAsync(400, "POST", Pods, Pod("bad"));
        Assert.Contains("denied the request: no", (string?)refused["message"], StringComparison.Ordinal);
        var before = _hooks.Calls.Count;
        var hanging = api.JsonAsync(500, "POST", Pods, Pod("hang"));
        while (_hooks.Calls.Count == before)
        {
            await Task.Yield();
        }
        api.Time.Advance(TimeSpan.FromSeconds(10));
        await hanging.WaitAsync(TestApi.Patience);
        await api.CreateAsync(Pods, Pod("good"));

        await api.JsonAsync(400, "POST", ConfigMaps, Map("bad"));
        var map = await api.CreateAsync(ConfigMaps, Map("good"));
        await api.JsonAsync(400, "PATCH", ConfigMaps + "/good", """{"data":{"bad":"x"}}""", "application/merge-patch+json");
        map["data"]!["bad"] = "x";
        await api.JsonAsync(400, "PUT", ConfigMaps + "/good", map.ToJsonString());
        Assert.False(Has((await api.GetAsync(ConfigMaps + "/good"))["data"], "bad"));
        await api.CreateAsync("/api/v1/namespaces/exempt/configmaps", Map("bad"));
    }

    private async Task<TestApi> StartAsync()
    {
        _hooks.Add("/mutating", _ => MemoryWebhooks.Patch("""[{"op":"add","path":"/data/added","value":"yes"}]"""));
        _hooks.Add("/validating", _ => Answer(false));
        return await TestApi.StartAsync(webhooks: _hooks);
    }

    private static string Answer(bool allowed) => allowed ? """{"allowed":true}""" : """{"allowed":false,"status":{"message":"no"}}""";

    private static bool Has(JsonNode? members, string name) => members?[name] is not null;

    private static string Map(string name) => $$$"""{"metadata":{"name":"{{{name}}}"},"data":{"{{{name}}}":"x"}}""";

    private static string Pod(string name) =>
        $$$"""
            {"metadata":{"name":"{{{name}}}","labels":{"{{{name}}}":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}
            """;

    private static string Collection(string type) => $"/apis/admissionregistration.k8s.io/v1/{type}webhookconfigurations";

    private static string Hook(string path, string resource) =>
        $$"""
            {"name":"{{path}}.example.com","clientConfig":{"url":"https://hooks.test/{{path}}"},"sideEffects":"None",
             "admissionReviewVersions":["v1"],
             "namespaceSelector":{"matchExpressions":[{"key":"skip","operator":"NotIn","values":["yes"]}]},
             "rules":[{"operations":["CREATE","UPDATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["{{resource}}"]}]}
            """;

    private static string Configuration(string type, string name) =>
        $$$"""{"metadata":{"name":"{{{name}}}","labels":{"test":"yes"}},"webhooks":[{{{Hook(type, "configmaps")}}}]}""";

    // The names of the configurations. The server has taken in what a list shows.
    private static async Task<IReadOnlyList<string>> ListAsync(TestApi api, string type, string query = "") =>
        [.. (await api.GetAsync(Collection(type) + query))["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!)];

    // Whether a webhook refuses or changes a new ConfigMap.
    private static async Task<bool> CountsAsync(TestApi api, string map)
    {
        var answer = await api.SendAsync("POST", ConfigMaps, Map(map));
        Assert.True(answer.StatusCode is 201 or 400, answer.BodyText);
        return answer.StatusCode == 400 || Has(JsonNode.Parse(answer.Body.Span)!["data"], "added");
    }
}
