using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Admission;

public sealed class EvictionTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

    [Fact]
    public async Task A_disruption_is_taken_from_the_budget_with_the_pod()
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 1);
        await SetPodAsync(api, "p1");
        await SetPodAsync(api, "p2");

        await EvictAsync(api, 201, "p1");
        var refused = await api.SendAsync("POST", Pods + "/p2/eviction", Eviction("p2"));
        var status = JsonNode.Parse(refused.Body.Span)!;

        Assert.Equal(429, refused.StatusCode);
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", (string?)status["message"]);
        Assert.Equal("TooManyRequests", (string?)status["reason"]);
        Assert.Equal("DisruptionBudget", (string?)status["details"]!["causes"]![0]!["reason"]);
        Assert.Equal(
            "The disruption budget b needs 1 healthy pods and has 2 currently",
            (string?)status["details"]!["causes"]![0]!["message"]
        );
        var budget = (await api.GetAsync(Budgets + "/b"))["status"]!;
        Assert.Equal(0, (int)budget["disruptionsAllowed"]!);
        Assert.Equal("2026-01-02T03:04:05Z", (string?)budget["disruptedPods"]!["p1"]);
        Assert.Equal("InsufficientPods", (string?)budget["conditions"]![0]!["reason"]);
        var ending = await api.GetAsync(Pods + "/p1");
        Assert.NotNull(ending["metadata"]!["deletionTimestamp"]);
        Assert.Contains(ending["status"]!["conditions"]!.AsArray(), c =>
            (string?)c!["type"] == "DisruptionTarget" && (string?)c["reason"] == "EvictionByEvictionAPI"
        );
        Assert.Null((await api.GetAsync(Pods + "/p2"))["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Parallel_evictions_share_what_the_budget_allows()
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 3);
        for (var i = 0; i < 8; i++)
        {
            await SetPodAsync(api, $"p{i}");
        }

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => api.SendAsync("POST", $"{Pods}/p{i}/eviction", Eviction($"p{i}")).AsTask())
        );

        Assert.Equal(3, answers.Count(a => a.StatusCode == 201));
        Assert.Equal(5, answers.Count(a => a.StatusCode == 429));
        Assert.Equal(3, (await api.GetAsync(Budgets + "/b"))["status"]!["disruptedPods"]!.AsObject().Count);
    }

    [Fact]
    public async Task A_budget_that_its_controller_has_not_seen_is_asked_again_later()
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 1, observed: 0);
        await SetPodAsync(api, "p");

        var answer = await api.SendAsync("POST", Pods + "/p/eviction", Eviction("p"));

        Assert.Equal(429, answer.StatusCode);
        Assert.Contains("The disruption budget b is still being processed by the server.", answer.BodyText, StringComparison.Ordinal);
        Assert.Equal("10", answer.Headers.Single(h => h.Key == "Retry-After").Value);
    }

    [Theory]
    [InlineData("Pending", "True")]
    [InlineData("Succeeded", "False")]
    [InlineData("Failed", "False")]
    public async Task A_pod_that_does_not_run_needs_no_budget(string phase, string ready)
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 0);
        await SetPodAsync(api, "p", phase, ready);

        await EvictAsync(api, 201, "p");
    }

    [Theory]
    [InlineData("", 1, 2, 201)]
    [InlineData("", 2, 1, 429)]
    [InlineData("IfHealthyBudget", 2, 1, 429)]
    [InlineData("AlwaysAllow", 2, 1, 201)]
    public async Task An_unhealthy_pod_goes_as_the_policy_has_it(string policy, int desired, int healthy, int status)
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 0, desired: desired, healthy: healthy, policy: policy);
        await SetPodAsync(api, "p", ready: "False");

        await EvictAsync(api, status, "p");

        Assert.Equal(0, (int)(await api.GetAsync(Budgets + "/b"))["status"]!["disruptionsAllowed"]!);
    }

    [Fact]
    public async Task Two_budgets_for_one_pod_are_too_many()
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 1);
        await SetBudgetAsync(api, "c", allowed: 1);
        await SetPodAsync(api, "p");

        var status = await EvictAsync(api, 500, "p");

        Assert.Equal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            (string?)status["message"]
        );
    }

    [Fact]
    public async Task A_dry_run_asks_the_budget_and_changes_nothing()
    {
        await using var api = await TestApi.StartAsync();
        await SetBudgetAsync(api, "b", allowed: 1);
        await SetPodAsync(api, "p");

        await api.JsonAsync(201, "POST", Pods + "/p/eviction?dryRun=All", Eviction("p"));

        Assert.Equal(1, (int)(await api.GetAsync(Budgets + "/b"))["status"]!["disruptionsAllowed"]!);
        Assert.Null((await api.GetAsync(Pods + "/p"))["metadata"]!["deletionTimestamp"]);
    }

    private static Task<JsonObject> EvictAsync(TestApi api, int status, string pod) =>
        api.JsonAsync(status, "POST", $"{Pods}/{pod}/eviction", Eviction(pod));

    private static string Eviction(string pod) => $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{pod}}}"}}""";

    private static async Task SetPodAsync(TestApi api, string name, string phase = "Running", string ready = "True")
    {
        await api.CreateAsync(
            Pods,
            $$$"""{"metadata":{"name":"{{{name}}}","labels":{"app":"a"}},"spec":{"nodeName":"n1","containers":"""
                + $$$"""[{"name":"c","image":"i"}]}}"""
        );
        var patch = $$$"""{"status":{"phase":"{{{phase}}}","conditions":[{"type":"Ready","status":"{{{ready}}}"}]}}""";
        await api.JsonAsync(200, "PATCH", $"{Pods}/{name}/status", patch, "application/merge-patch+json");
    }

    private static async Task SetBudgetAsync(
        TestApi api,
        string name,
        int allowed,
        int observed = 1,
        int desired = 1,
        int healthy = 2,
        string policy = ""
    )
    {
        var more = policy.Length > 0 ? $",\"unhealthyPodEvictionPolicy\":\"{policy}\"" : "";
        await api.CreateAsync(
            Budgets,
            $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"a"}} {{{more}}} } }"""
        );
        var status =
            $$$"""{"status":{"observedGeneration":{{{observed}}},"disruptionsAllowed":{{{allowed}}}"""
            + $$$""","desiredHealthy":{{{desired}}},"currentHealthy":{{{healthy}}},"expectedPods":2}}""";
        await api.JsonAsync(200, "PATCH", $"{Budgets}/{name}/status", status, "application/merge-patch+json");
    }
}
