using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class CreateTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_created_object_reads_back_as_it_was_answered()
    {
        await using var api = await TestApi.StartAsync();

        var created = await api.CreateAsync(
            ConfigMaps,
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"v"}}"""
        );
        var read = await api.GetAsync(ConfigMaps + "/a");

        Assert.Equal(created.ToJsonString(), read.ToJsonString());
        Assert.Equal("v", (string?)read["data"]!["k"]);
        Assert.Equal("default", (string?)read["metadata"]!["namespace"]);
        Assert.Equal("2026-01-02T03:04:05Z", (string?)read["metadata"]!["creationTimestamp"]);
        Assert.Equal(36, ((string)read["metadata"]!["uid"]!).Length);
        Assert.Equal(api.Store.CurrentRevision.ToString(), (string?)read["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_a_conflict()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        var status = await api.JsonAsync(409, "POST", ConfigMaps, """{"metadata":{"name":"a"}}""");

        Assert.Equal("AlreadyExists", (string?)status["reason"]);
        Assert.Equal("configmaps \"a\" already exists", (string?)status["message"]);
        Assert.Equal("a", (string?)status["details"]!["name"]);
        Assert.Equal("configmaps", (string?)status["details"]!["kind"]);
    }

    [Fact]
    public async Task A_generated_name_follows_its_prefix()
    {
        await using var api = await TestApi.StartAsync();

        var created = await api.CreateAsync(ConfigMaps, """{"metadata":{"generateName":"job-"}}""");

        Assert.Matches("^job-[bcdfghjklmnpqrstvwxz2456789]{5}$", (string)created["metadata"]!["name"]!);
    }

    [Fact]
    public async Task An_object_without_a_name_is_invalid()
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(422, "POST", ConfigMaps, "{}");

        Assert.Equal(
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
            (string?)status["message"]
        );
        Assert.Equal("FieldValueRequired", (string?)status["details"]!["causes"]![0]!["reason"]);
    }

    [Fact]
    public async Task A_namespace_that_is_absent_is_not_found()
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(404, "POST", "/api/v1/namespaces/nowhere/configmaps", """{"metadata":{"name":"a"}}""");

        Assert.Equal("namespaces \"nowhere\" not found", (string?)status["message"]);
    }

    [Fact]
    public async Task Nothing_new_comes_into_a_namespace_that_is_ending()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        await api.JsonAsync(200, "DELETE", "/api/v1/namespaces/team");

        var status = await api.JsonAsync(403, "POST", "/api/v1/namespaces/team/configmaps", """{"metadata":{"name":"a"}}""");

        Assert.Equal(
            "configmaps \"a\" is forbidden: unable to create new content in namespace team because it is being terminated",
            (string?)status["message"]
        );
        Assert.Equal("NamespaceTerminating", (string?)status["details"]!["causes"]![0]!["reason"]);
    }

    [Fact]
    public async Task Unknown_and_duplicate_fields_are_named_when_strict()
    {
        await using var api = await TestApi.StartAsync();
        const string Body = """{"metadata":{"name":"a"},"dta":{},"data":{"a":"1"},"data":{"a":"2"}}""";

        var status = await api.JsonAsync(400, "POST", ConfigMaps + "?fieldValidation=Strict", Body);
        var warned = await api.SendAsync("POST", ConfigMaps, Body);

        Assert.Equal(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"data\", "
                + "unknown field \"dta\"",
            (string?)status["message"]
        );
        Assert.Equal(201, warned.StatusCode);
        Assert.Equal(
            ["299 - \"duplicate field \\\"data\\\"\"", "299 - \"unknown field \\\"dta\\\"\""],
            warned.Headers.Where(h => h.Key == "Warning").Select(h => h.Value)
        );
        Assert.Null((await api.GetAsync(ConfigMaps + "/a"))["dta"]);
    }

    [Fact]
    public async Task Unknown_fields_of_metadata_are_named_when_strict()
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(
            400,
            "POST",
            "/apis/apps/v1/namespaces/default/deployments?fieldManager=m&fieldValidation=Strict",
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","unknownMeta":"foo","labels":{"app":"x"}},
             "spec":{"selector":{"matchLabels":{"app":"x"}},
             "template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """
        );

        Assert.EndsWith(
            "strict decoding error: unknown field \"metadata.unknownMeta\"",
            (string?)status["message"],
            StringComparison.Ordinal
        );
        await api.JsonAsync(404, "GET", "/apis/apps/v1/namespaces/default/deployments/d");
    }

    [Fact]
    public async Task A_dry_run_leaves_nothing()
    {
        await using var api = await TestApi.StartAsync();

        await api.JsonAsync(201, "POST", ConfigMaps + "?dryRun=All", """{"metadata":{"name":"a"}}""");
        await api.JsonAsync(404, "GET", ConfigMaps + "/a");
        var status = await api.JsonAsync(422, "POST", ConfigMaps + "?dryRun=Some", """{"metadata":{"name":"a"}}""");

        Assert.Contains("dryRun: Unsupported value: \"Some\"", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_may_be_yaml()
    {
        await using var api = await TestApi.StartAsync();

        var created = await api.JsonAsync(
            201,
            "POST",
            ConfigMaps,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  port: \"80\"\n",
            "application/yaml"
        );

        Assert.Equal("80", (string?)created["data"]!["port"]);
    }

    [Fact]
    public async Task The_body_must_fit_the_path()
    {
        await using var api = await TestApi.StartAsync();

        var other = await api.JsonAsync(400, "POST", ConfigMaps, """{"metadata":{"name":"a","namespace":"kube-system"}}""");
        var kind = await api.JsonAsync(400, "POST", ConfigMaps, """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}""");
        var type = await api.JsonAsync(415, "POST", ConfigMaps, "x", "text/csv");
        var wrong = await api.JsonAsync(400, "POST", ConfigMaps, """{"metadata":{"name":5}}""");

        Assert.Equal("the namespace of the provided object does not match the namespace sent on the request", (string?)other["message"]);
        Assert.Equal("Secret in version \"v1\" cannot be handled as a ConfigMap", (string?)kind["message"]);
        Assert.Equal("UnsupportedMediaType", (string?)type["reason"]);
        Assert.Contains("metadata.name", (string?)wrong["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_get_a_service_account_and_tolerate_short_outages()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { NotReadyTolerationSeconds = 7 });

        var pod = await api.CreateAsync(
            "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}"""
        );

        Assert.Equal("default", (string?)pod["spec"]!["serviceAccountName"]);
        var tolerations = pod["spec"]!["tolerations"]!.AsArray();
        Assert.Equal(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"], tolerations.Select(t => (string?)t!["key"]));
        Assert.Equal([7, 300], tolerations.Select(t => (int)t!["tolerationSeconds"]!));
    }
}
