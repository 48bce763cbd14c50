using Petrel.ApiServer.Tests.CustomResources;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

/// <summary>Custom resources and their definitions are subject to webhooks like any other object.</summary>
public sealed class CustomResourceWebhookTests
{
    private const string Configurations = "/apis/admissionregistration.k8s.io/v1/";
    private const string Foos = "/apis/example.com/v1/namespaces/default/foos";
    private const string Merge = "application/merge-patch+json";

    private readonly MemoryWebhooks _hooks = new();

    [Fact]
    public async Task Custom_resources_are_refused_when_they_are_created_changed_and_deleted()
    {
        await using var api = await StartAsync(TestDefinitions.Of("example.com", "foos", "Foo", ("v1", TestDefinitions.Open)));
        _hooks.Add("/judge", r =>
            (string?)r["operation"] == "DELETE"
                ? Answer((string?)r["oldObject"]!["data"]!["kept"] != "yes", "kept")
                : Answer((string?)r["object"]!["data"]!["bad"] != "yes", "bad")
        );
        await AddAsync(api, "validating", "example.com", "foos", "judge");

        var refused = await api.JsonAsync(400, "POST", Foos, Foo("one", """{"bad":"yes"}"""));
        Assert.Equal("admission webhook \"judge.example.com\" denied the request: bad", (string?)refused["message"]);
        await api.JsonAsync(404, "GET", Foos + "/one");
        var foo = await api.CreateAsync(Foos, Foo("one", """{"kept":"yes"}"""));
        await api.JsonAsync(400, "PATCH", Foos + "/one", """{"data":{"bad":"yes"}}""", Merge);
        foo["data"]!["bad"] = "yes";
        await api.JsonAsync(400, "PUT", Foos + "/one", foo.ToJsonString());
        await api.JsonAsync(400, "DELETE", Foos + "/one");
        Assert.Equal("""{"kept":"yes"}""", (await api.GetAsync(Foos + "/one"))["data"]!.ToJsonString());

        await api.JsonAsync(200, "PATCH", Foos + "/one", """{"data":{"kept":"no"}}""", Merge);
        await api.JsonAsync(200, "DELETE", Foos + "/one");
        await api.JsonAsync(404, "GET", Foos + "/one");
    }

    [Fact]
    public async Task A_definition_that_a_webhook_refuses_is_not_there()
    {
        await using var api = await TestApi.StartAsync(webhooks: _hooks);
        _hooks.Add("/judge", r => Answer((string?)r["object"]!["metadata"]!["name"] != "foos.example.com", "no foos"));
        await AddAsync(api, "validating", "apiextensions.k8s.io", "customresourcedefinitions", "judge");

        var refused = await api.JsonAsync(
            400,
            "POST",
            TestDefinitions.Path,
            TestDefinitions.Of("example.com", "foos", "Foo", ("v1", TestDefinitions.Open))
        );

        Assert.Equal("admission webhook \"judge.example.com\" denied the request: no foos", (string?)refused["message"]);
        await api.JsonAsync(404, "GET", TestDefinitions.Path + "/foos.example.com");
        await TestDefinitions.EstablishAsync(api, TestDefinitions.Of("example.com", "bars", "Bar", ("v1", TestDefinitions.Open)));
    }

    [Theory]
    [InlineData(TestDefinitions.Open, """{"start":"yes","stage1":"yes","stage2":"yes"}""")]
    [InlineData(
        """
            {"type":"object","properties":{"data":{"type":"object","properties":{"start":{"type":"string"},"stage1":{"type":"string"}}}}}
            """,
        """{"start":"yes","stage1":"yes"}"""
    )]
    public async Task Custom_resources_are_changed_by_each_webhook_as_far_as_their_schema_goes(string schema, string data)
    {
        await using var api = await StartAsync(TestDefinitions.Of("example.com", "foos", "Foo", ("v1", schema)));
        await AddStagesAsync(api);

        var created = await api.CreateAsync(Foos, Foo("one", """{"start":"yes"}"""));

        Assert.Equal(data, created["data"]!.ToJsonString());
        Assert.Equal(data, (await api.GetAsync(Foos + "/one"))["data"]!.ToJsonString());
        Assert.Contains("/stage2", _hooks.Calls);
    }

    [Fact]
    public async Task Webhooks_go_on_when_another_version_becomes_the_stored_one()
    {
        await using var api = await StartAsync(
            TestDefinitions.Of("example.com", "foos", "Foo", ("v1", TestDefinitions.Open), ("v2", TestDefinitions.Open))
        );
        await AddStagesAsync(api);
        await api.CreateAsync(Foos, Foo("one", """{"start":"yes"}"""));

        await api.JsonAsync(
            200,
            "PATCH",
            TestDefinitions.Path + "/foos.example.com",
            """
            [{"op":"replace","path":"/spec/versions/0/storage","value":false},
             {"op":"replace","path":"/spec/versions/1/storage","value":true},
             {"op":"add","path":"/spec/names/shortNames","value":["fo"]}]
            """,
            "application/json-patch+json"
        );
        // The new short name shows when the server has taken the definition in.
        await TestDefinitions.UntilAsync(
            api,
            "/apis/example.com/v1",
            list => list["resources"]![0]!["shortNames"] is not null,
            list => list.ToJsonString()
        );
        _hooks.Questions.Clear();
        var patched = await api.JsonAsync(200, "PATCH", Foos + "/one", """{"data":{"dummy":"test"}}""", Merge);

        Assert.Equal("""{"start":"yes","stage1":"yes","stage2":"yes","dummy":"test"}""", patched["data"]!.ToJsonString());
        Assert.Equal("example.com/v1", (string?)patched["apiVersion"]);
        Assert.All(_hooks.Questions, q => Assert.Equal("example.com/v1", (string?)q["request"]!["object"]!["apiVersion"]));
        Assert.NotEmpty(_hooks.Questions);
        var read = await api.GetAsync(Foos.Replace("v1", "v2", StringComparison.Ordinal) + "/one");
        Assert.Equal(("example.com/v2", "test"), ((string?)read["apiVersion"], (string?)read["data"]!["dummy"]));
    }

    private async Task<TestApi> StartAsync(string definition)
    {
        var api = await TestApi.StartAsync(webhooks: _hooks);
        await TestDefinitions.EstablishAsync(api, definition);
        return api;
    }

    private static string Answer(bool allowed, string why) =>
        allowed ? """{"allowed":true}""" : $$$"""{"allowed":false,"status":{"message":"{{{why}}}"}}""";

    private static string Foo(string name, string data) =>
        $$$"""{"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"{{{name}}}"},"data":{{{data}}}}""";

    // Two webhooks, of which the second adds to what the first has added.
    private async Task AddStagesAsync(TestApi api)
    {
        foreach (var (before, stage) in new[] { ("start", "stage1"), ("stage1", "stage2") })
        {
            _hooks.Add("/" + stage, r =>
                r["object"]!["data"]![before] is null
                    ? Answer(true, "")
                    : MemoryWebhooks.Patch($$"""[{"op":"add","path":"/data/{{stage}}","value":"yes"}]""")
            );
        }
        await AddAsync(api, "mutating", "example.com", "foos", "stage1", "stage2");
    }

    private static async Task AddAsync(TestApi api, string type, string group, string resource, params string[] paths)
    {
        var hooks = paths.Select(path =>
            $$"""
                {"name":"{{path}}.example.com","clientConfig":{"url":"https://hooks.test/{{path}}"},"sideEffects":"None",
                 "admissionReviewVersions":["v1"],
                 "rules":[{"operations":["CREATE","UPDATE","DELETE"],"apiGroups":["{{group}}"],"apiVersions":["v1"],
                 "resources":["{{resource}}"]}]}
                """
        );
        var collection = $"{Configurations}{type}webhookconfigurations";
        await api.CreateAsync(collection, $$"""{"metadata":{"name":"a"},"webhooks":[{{string.Join(',', hooks)}}]}""");
        // A list shows what is committed: the server has taken the configuration in.
        await api.GetAsync(collection);
    }
}
