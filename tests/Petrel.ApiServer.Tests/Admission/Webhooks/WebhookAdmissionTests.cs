using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

public sealed class WebhookAdmissionTests
{
    private const string Root = "/apis/admissionregistration.k8s.io/v1/";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Map = """{"metadata":{"name":"m"},"data":{"a":"b"}}""";

    private readonly MemoryWebhooks _hooks = new();

    [Fact]
    public async Task A_webhook_refuses_with_its_own_words_and_code()
    {
        await using var api = await StartAsync();
        _hooks.Add("/deny", _ => """{"allowed":false,"status":{"code":418,"message":"not today"}}""");
        await AddAsync(api, "validating", "v", Hook("deny"));

        var refused = await api.JsonAsync(418, "POST", ConfigMaps, Map);
        await api.JsonAsync(404, "GET", ConfigMaps + "/m");

        Assert.Equal("admission webhook \"deny.example.com\" denied the request: not today", (string?)refused["message"]);
        var request = Assert.Single(_hooks.Questions)["request"]!;
        Assert.Equal("CREATE", (string?)request["operation"]);
        Assert.Equal("m", (string?)request["object"]!["metadata"]!["name"]);
        Assert.NotNull(request["object"]!["metadata"]!["uid"]);
        Assert.Null(request["oldObject"]);
        Assert.Equal("system:test", (string?)request["userInfo"]!["username"]);
    }

    [Fact]
    public async Task Webhooks_change_objects_in_the_order_of_their_names_and_the_result_gets_its_defaults()
    {
        await using var api = await StartAsync();
        _hooks.Add("/first", _ => MemoryWebhooks.Patch("""[{"op":"add","path":"/metadata/labels","value":{"by":"first"}}]"""));
        _hooks.Add("/second", _ =>
            MemoryWebhooks.Patch(
                """[{"op":"replace","path":"/metadata/labels/by","value":"second"},"""
                    + """{"op":"add","path":"/spec/containers/-","value":{"name":"side","image":"car"}}]"""
            )
        );
        await AddAsync(api, "mutating", "b", Hook("second"));
        await AddAsync(api, "mutating", "a", Hook("first"));

        var pod = await api.CreateAsync(Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");

        Assert.Equal(["/first", "/second"], _hooks.Calls);
        Assert.Equal("second", (string?)pod["metadata"]!["labels"]!["by"]);
        Assert.Equal("/dev/termination-log", (string?)pod["spec"]!["containers"]![1]!["terminationMessagePath"]);
    }

    [Fact]
    public async Task A_webhook_sees_again_what_a_later_one_changed_when_it_wants_to()
    {
        await using var api = await StartAsync();
        _hooks.Add("/watcher", r =>
            r["object"]!["data"]!["seen"] is null && r["object"]!["data"]!["later"] is not null
                ? MemoryWebhooks.Patch("""[{"op":"add","path":"/data/seen","value":"yes"}]""")
                : """{"allowed":true}"""
        );
        _hooks.Add("/later", r =>
            r["object"]!["data"]!["later"] is null
                ? MemoryWebhooks.Patch("""[{"op":"add","path":"/data/later","value":"x"}]""")
                : """{"allowed":true}"""
        );
        await AddAsync(api, "mutating", "a", Hook("watcher", "\"reinvocationPolicy\":\"IfNeeded\","));
        await AddAsync(api, "mutating", "b", Hook("later"));

        var map = await api.CreateAsync(ConfigMaps, Map);

        Assert.Equal(["/watcher", "/later", "/watcher"], _hooks.Calls);
        Assert.Equal("yes", (string?)map["data"]!["seen"]);
    }

    [Theory]
    [InlineData("Fail", 500)]
    [InlineData("Ignore", 201)]
    public async Task The_failure_policy_decides_when_a_webhook_cannot_be_reached(string policy, int status)
    {
        await using var api = await StartAsync();
        await AddAsync(api, "validating", "v", Hook("gone", $"\"failurePolicy\":\"{policy}\","));

        var answer = await api.JsonAsync(status, "POST", ConfigMaps, Map);

        if (status == 500)
        {
            Assert.Equal(
                "Internal error occurred: failed calling webhook \"gone.example.com\": failed to call webhook: Post "
                    + "\"https://hooks.test/gone?timeout=10s\": connection refused",
                (string?)answer["message"]
            );
        }
    }

    [Fact]
    public async Task A_webhook_that_takes_too_long_has_failed()
    {
        await using var api = await StartAsync();
        _hooks.Add("/slow", async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, api.Time, token);
            return [];
        });
        await AddAsync(api, "mutating", "m", Hook("slow", "\"timeoutSeconds\":3,"));

        var creating = api.JsonAsync(500, "POST", ConfigMaps, Map);
        while (_hooks.Calls.Count == 0)
        {
            await Task.Yield();
        }
        Assert.False(creating.IsCompleted);
        api.Time.Advance(TimeSpan.FromSeconds(3));

        Assert.EndsWith(
            "context deadline exceeded",
            (string?)(await creating.WaitAsync(TestApi.Patience))["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_dry_run_is_asked_about_as_one()
    {
        await using var api = await StartAsync();
        _hooks.Add("/careful", _ => """{"allowed":true}""");
        await AddAsync(api, "validating", "a", Hook("careful"));

        await api.JsonAsync(201, "POST", ConfigMaps + "?dryRun=All&fieldManager=me", Map);
        await api.JsonAsync(404, "GET", ConfigMaps + "/m");

        var request = Assert.Single(_hooks.Questions)["request"]!;
        Assert.True((bool)request["dryRun"]!);
        Assert.Equal(("All", "me"), ((string)request["options"]!["dryRun"]![0]!, (string)request["options"]!["fieldManager"]!));
    }

    [Fact]
    public async Task Warnings_reach_the_client()
    {
        await using var api = await StartAsync();
        _hooks.Add("/warn", _ => """{"allowed":true,"warnings":["deprecated","two"]}""");
        await AddAsync(api, "validating", "a", Hook("warn"));

        var response = await api.SendAsync("POST", ConfigMaps, Map);

        Assert.Equal(["deprecated", "two"], response.Warnings());
    }

    [Fact]
    public async Task Selectors_and_rules_keep_webhooks_out_of_what_does_not_concern_them()
    {
        await using var api = await StartAsync();
        _hooks.Add("/picky", _ => """{"allowed":false}""");
        await AddAsync(
            api,
            "validating",
            "a",
            Hook(
                "picky",
                "\"namespaceSelector\":{\"matchLabels\":{\"strict\":\"yes\"}},\"objectSelector\":{\"matchLabels\":{\"a\":\"b\"}},"
            )
        );
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"strict","labels":{"strict":"yes"}}}""");
        const string Labeled = """{"metadata":{"name":"m","labels":{"a":"b"}}}""";

        await api.CreateAsync(ConfigMaps, Labeled);
        await api.CreateAsync("/api/v1/namespaces/strict/configmaps", Map);
        Assert.Empty(_hooks.Calls);
        await api.JsonAsync(400, "POST", "/api/v1/namespaces/strict/configmaps", Labeled);
    }

    [Fact]
    public async Task A_deletion_shows_what_is_deleted()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(ConfigMaps, Map);
        _hooks.Add("/keep", _ => """{"allowed":false,"status":{"message":"kept"}}""");
        await AddAsync(api, "validating", "a", Hook("keep").Replace("\"CREATE\",\"UPDATE\"", "\"DELETE\"", StringComparison.Ordinal));

        await api.JsonAsync(400, "DELETE", ConfigMaps + "/m?propagationPolicy=Foreground");

        var request = _hooks.Questions[0]["request"]!;
        Assert.Equal("DELETE", (string?)request["operation"]);
        Assert.Null(request["object"]);
        Assert.Equal("b", (string?)request["oldObject"]!["data"]!["a"]);
        Assert.Equal("Foreground", (string?)request["options"]!["propagationPolicy"]);
    }

    [Fact]
    public async Task A_status_write_changes_nothing_but_status_whatever_a_webhook_asks()
    {
        await using var api = await StartAsync();
        await api.CreateAsync("/apis/apps/v1/namespaces/default/deployments", Deployment);
        _hooks.Add("/bold", _ => MemoryWebhooks.Patch("""[{"op":"replace","path":"/spec/replicas","value":9}]"""));
        await AddAsync(api, "mutating", "a", Hook("bold", resource: "*/*"));

        var deployment = await api.JsonAsync(
            200,
            "PATCH",
            "/apis/apps/v1/namespaces/default/deployments/d/status",
            """{"status":{"observedGeneration":1}}""",
            "application/merge-patch+json"
        );

        Assert.Equal(["/bold"], _hooks.Calls);
        Assert.Equal(1, (int)deployment["spec"]!["replicas"]!);
        Assert.Equal(1, (int)deployment["status"]!["observedGeneration"]!);
    }

    [Theory]
    [InlineData("""[{"op":"remove","path":"/nowhere"}]""")]
    [InlineData("""[{"op":"replace","path":"/data","value":"text"}]""")]
    public async Task A_patch_that_leaves_no_object_of_the_kind_is_the_servers_error(string patch)
    {
        await using var api = await StartAsync();
        _hooks.Add("/wrong", _ => MemoryWebhooks.Patch(patch));
        await AddAsync(api, "mutating", "a", Hook("wrong"));

        await api.JsonAsync(500, "POST", ConfigMaps, Map);
        await api.JsonAsync(404, "GET", ConfigMaps + "/m");
    }

    [Fact]
    public async Task Webhooks_are_not_asked_about_webhooks_and_a_removed_one_no_more()
    {
        await using var api = await StartAsync();
        await AddAsync(api, "validating", "a", Hook("gone", resource: "*/*"));

        await AddAsync(api, "mutating", "b", Hook("other"));
        await api.JsonAsync(200, "DELETE", Root + "mutatingwebhookconfigurations/b");
        await api.JsonAsync(200, "DELETE", Root + "validatingwebhookconfigurations/a");
        await api.GetAsync(Root + "validatingwebhookconfigurations");
        await api.GetAsync(Root + "mutatingwebhookconfigurations");
        await api.CreateAsync(ConfigMaps, Map);

        Assert.Empty(_hooks.Calls);
    }

    [Fact]
    public async Task A_webhook_behind_a_service_is_reached_at_a_ready_pod()
    {
        await using var api = await StartAsync();
        _hooks.Add("/svc", _ => """{"allowed":true}""");
        await AddAsync(
            api,
            "validating",
            "a",
            Hook("svc", resource: "configmaps")
                .Replace(
                    "\"url\":\"https://hooks.test/svc\"",
                    """ "service":{"namespace":"default","name":"hook","port":8443,"path":"/svc"} """,
                    StringComparison.Ordinal
                )
        );

        var missing = await api.JsonAsync(500, "POST", ConfigMaps, Map);
        await api.CreateAsync(
            "/api/v1/namespaces/default/services",
            """{"metadata":{"name":"hook"},"spec":{"ports":[{"name":"web","port":80},{"name":"tls","port":8443,"targetPort":9443}]}}"""
        );
        await api.GetAsync("/api/v1/namespaces/default/services");
        var empty = await api.JsonAsync(500, "POST", ConfigMaps, Map);
        await api.CreateAsync(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            """
            {"metadata":{"name":"hook-1","labels":{"kubernetes.io/service-name":"hook"}},"addressType":"IPv4",
             "ports":[{"name":"web","port":8080},{"name":"tls","port":9443}],
             "endpoints":[{"addresses":["10.1.1.1"],"conditions":{"ready":false}},{"addresses":["10.1.1.2"],"conditions":{"ready":true}}]}
            """
        );
        await api.GetAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices");
        await api.CreateAsync(ConfigMaps, Map);

        Assert.EndsWith("failed to call webhook: service \"hook\" not found", (string?)missing["message"], StringComparison.Ordinal);
        Assert.EndsWith(
            "failed to call webhook: no endpoints available for service \"hook\"",
            (string?)empty["message"],
            StringComparison.Ordinal
        );
        var endpoint = Assert.Single(_hooks.Endpoints);
        Assert.Equal("https://hook.default.svc:8443/svc?timeout=10s", endpoint.Url.OriginalString);
        Assert.Equal(("10.1.1.2", 9443), (endpoint.Host, endpoint.Port));
    }

    private const string Deployment = """
        {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},
         "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
        """;

    private Task<TestApi> StartAsync() => TestApi.StartAsync(webhooks: _hooks);

    private static string Hook(string name, string fields = "", string resource = "*") =>
        $$"""
            {"name":"{{name}}.example.com","clientConfig":{"url":"https://hooks.test/{{name}}"},{{fields}} "sideEffects":"NoneOnDryRun",
            "admissionReviewVersions":["v1"],
             "rules":[{"operations":["CREATE","UPDATE"],"apiGroups":["","apps"],"apiVersions":["v1"],"resources":["{{resource}}"]}]}
            """;

    private static async Task AddAsync(TestApi api, string type, string name, string hook)
    {
        await api.CreateAsync($"{Root}{type}webhookconfigurations", $$"""{"metadata":{"name":"{{name}}"},"webhooks":[{{hook}}]}""");
        // A list shows what is committed: the server has taken the configuration in.
        await api.GetAsync($"{Root}{type}webhookconfigurations");
    }
}
