using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

/// <summary>Writes of subresources that are no objects of their own are asked about like any other.</summary>
public sealed class SubresourceWebhookTests
{
    private const string Configurations = "/apis/admissionregistration.k8s.io/v1/";
    private const string Pods = "/api/v1/namespaces/default/pods";

    private readonly MemoryWebhooks _hooks = new();

    public static TheoryData<string, string, string, string, string, string> Writes =>
        new()
        {
            { "pods/binding", "CREATE", "Binding", "POST", Pods + "/p/binding", """{"target":{"kind":"Node","name":"n1"}}""" },
            {
                "pods/binding",
                "CREATE",
                "Binding",
                "POST",
                "/api/v1/namespaces/default/bindings",
                """{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}"""
            },
            {
                "pods/eviction",
                "CREATE",
                "Eviction",
                "POST",
                Pods + "/p/eviction",
                """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}"""
            },
            {
                "namespaces/finalize",
                "UPDATE",
                "Namespace",
                "PUT",
                "/api/v1/namespaces/team/finalize",
                """{"metadata":{"name":"team"},"spec":{"finalizers":["example.com/x"]}}"""
            },
        };

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_webhook_is_asked_and_may_refuse(
        string resource,
        string operation,
        string kind,
        string method,
        string path,
        string body
    )
    {
        await using var api = await StartAsync();
        _hooks.Add("/deny", _ => """{"allowed":false,"status":{"message":"no"}}""");
        await AddAsync(api, "validating", "deny", operation, resource);
        var revision = api.Store.CurrentRevision;

        var refused = await api.JsonAsync(400, method, path, body);

        Assert.Equal("admission webhook \"deny.example.com\" denied the request: no", (string?)refused["message"]);
        Assert.Equal(revision, api.Store.CurrentRevision);
        var request = Assert.Single(_hooks.Questions)["request"]!;
        Assert.Equal(operation, (string?)request["operation"]);
        Assert.Equal(kind, (string?)request["kind"]!["kind"]);
        Assert.Equal(resource, $"{request["resource"]!["resource"]}/{request["subResource"]}");
        Assert.Equal(kind == "Namespace" ? "team" : "p", (string?)request["name"]);
        Assert.NotNull(request["object"]);
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task What_a_webhook_allows_is_done(string resource, string operation, string kind, string method, string path, string body)
    {
        await using var api = await StartAsync();
        _hooks.Add("/allow", _ => """{"allowed":true}""");
        await AddAsync(api, "validating", "allow", operation, resource);

        await api.JsonAsync(method == "PUT" ? 200 : 201, method, path, body);

        Assert.Single(_hooks.Calls);
        switch (kind)
        {
            case "Binding":
                Assert.Equal("n1", (string?)(await api.GetAsync(Pods + "/p"))["spec"]!["nodeName"]);
                break;
            case "Eviction":
                await api.JsonAsync(404, "GET", Pods + "/p");
                break;
            default:
                Assert.Equal(
                    """["example.com/x"]""",
                    (await api.GetAsync("/api/v1/namespaces/team"))["spec"]!["finalizers"]!.ToJsonString()
                );
                break;
        }
    }

    [Fact]
    public async Task A_webhook_may_send_a_pod_to_another_node()
    {
        await using var api = await StartAsync();
        _hooks.Add("/move", _ => MemoryWebhooks.Patch("""[{"op":"replace","path":"/target/name","value":"n2"}]"""));
        await AddAsync(api, "mutating", "move", "CREATE", "pods/binding");

        await api.JsonAsync(201, "POST", Pods + "/p/binding", """{"target":{"kind":"Node","name":"n1"}}""");

        Assert.Equal("n2", (string?)(await api.GetAsync(Pods + "/p"))["spec"]!["nodeName"]);
    }

    [Theory]
    [InlineData("validating")]
    [InlineData("mutating")]
    public async Task Conditions_that_cannot_be_evaluated_are_refused_by_their_field(string type)
    {
        await using var api = await StartAsync();
        var hook = Configuration("a", "CREATE", "pods");
        hook["webhooks"]![0]!["matchConditions"] = JsonNode.Parse("""[{"name":"x","expression":"true"}]""");

        var refused = await api.JsonAsync(422, "POST", $"{Configurations}{type}webhookconfigurations", hook.ToJsonString());

        Assert.Contains("webhooks[0].matchConditions: Forbidden: ", (string?)refused["message"], StringComparison.Ordinal);
        Assert.Equal("webhooks[0].matchConditions", (string?)refused["details"]!["causes"]![0]!["field"]);
    }

    private async Task<TestApi> StartAsync()
    {
        var api = await TestApi.StartAsync(webhooks: _hooks);
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        await api.CreateAsync(Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        return api;
    }

    private static JsonObject Configuration(string name, string operation, string resource) =>
        JsonNode
            .Parse(
                $$"""
                {"metadata":{"name":"{{name}}"},"webhooks":[{"name":"{{name}}.example.com",
                "clientConfig":{"url":"https://hooks.test/{{name}}"},"sideEffects":"None","admissionReviewVersions":["v1"],
                 "rules":[{"operations":["{{operation}}"],"apiGroups":[""],"apiVersions":["v1"],"resources":["{{resource}}"]}]}]}
                """
            )!
            .AsObject();

    private static async Task AddAsync(TestApi api, string type, string name, string operation, string resource)
    {
        await api.CreateAsync($"{Configurations}{type}webhookconfigurations", Configuration(name, operation, resource).ToJsonString());
        // A list shows what is committed: the server has taken the configuration in.
        await api.GetAsync($"{Configurations}{type}webhookconfigurations");
    }
}
