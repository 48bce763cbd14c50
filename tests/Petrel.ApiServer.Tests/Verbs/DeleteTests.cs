using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class DeleteTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Fact]
    public async Task A_deletion_answers_with_what_was_deleted()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        var status = await api.JsonAsync(200, "DELETE", ConfigMaps + "/a");
        var gone = await api.JsonAsync(404, "DELETE", ConfigMaps + "/a");

        Assert.Equal("Success", (string?)status["status"]);
        Assert.Equal("a", (string?)status["details"]!["name"]);
        Assert.Equal("configmaps", (string?)status["details"]!["kind"]);
        Assert.Equal((string?)created["metadata"]!["uid"], (string?)status["details"]!["uid"]);
        Assert.Equal("configmaps \"a\" not found", (string?)gone["message"]);
    }

    [Fact]
    public async Task Preconditions_hold_the_deletion_back()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        var uid = await api.JsonAsync(409, "DELETE", ConfigMaps + "/a", """{"preconditions":{"uid":"other"}}""");
        var version = await api.JsonAsync(409, "DELETE", ConfigMaps + "/a", """{"preconditions":{"resourceVersion":"1"}}""");
        await api.JsonAsync(
            200,
            "DELETE",
            ConfigMaps + "/a",
            $$$"""{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"{{{created["metadata"]!["uid"]}}}"}}"""
        );

        Assert.Contains("Precondition failed: UID in precondition: other", (string?)uid["message"], StringComparison.Ordinal);
        Assert.Contains("Precondition failed: ResourceVersion in precondition: 1", (string?)version["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Finalizers_hold_an_object_until_the_last_is_gone()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a","finalizers":["example.com/x","example.com/y"]}}""");

        var ending = await api.JsonAsync(200, "DELETE", ConfigMaps + "/a");
        Assert.Equal("2026-01-02T03:04:05Z", (string?)ending["metadata"]!["deletionTimestamp"]);
        Assert.Equal(0, (int)ending["metadata"]!["deletionGracePeriodSeconds"]!);
        var added = await api.JsonAsync(
            422,
            "PATCH",
            ConfigMaps + "/a",
            """{"metadata":{"finalizers":["example.com/x","example.com/y","example.com/z"]}}""",
            "application/merge-patch+json"
        );
        Assert.Contains(
            "no new finalizers can be added if the object is being deleted",
            (string?)added["message"],
            StringComparison.Ordinal
        );
        await api.JsonAsync(
            200,
            "PATCH",
            ConfigMaps + "/a",
            """{"metadata":{"finalizers":["example.com/y"]}}""",
            "application/merge-patch+json"
        );
        await api.GetAsync(ConfigMaps + "/a");
        await api.JsonAsync(200, "PATCH", ConfigMaps + "/a", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");

        await api.JsonAsync(404, "GET", ConfigMaps + "/a");
    }

    [Theory]
    [InlineData("Foreground", "foregroundDeletion", 202)]
    [InlineData("Orphan", "orphan", 200)]
    public async Task The_propagation_policy_becomes_a_finalizer(string policy, string finalizer, int code)
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        var ending = await api.JsonAsync(code, "DELETE", $"{ConfigMaps}/a?propagationPolicy={policy}");

        Assert.Equal($"[\"{finalizer}\"]", ending["metadata"]!["finalizers"]!.ToJsonString());
        var wrong = await api.JsonAsync(422, "DELETE", $"{ConfigMaps}/a?propagationPolicy=Sideways");
        Assert.Contains("propagationPolicy: Unsupported value", (string?)wrong["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_pod_ends_gracefully_and_a_second_request_can_shorten_that()
    {
        await using var api = await TestApi.StartAsync();
        await CreatePodAsync(api, "p", "n1");

        var ending = await api.JsonAsync(200, "DELETE", Pods + "/p");
        Assert.Equal("2026-01-02T03:04:35Z", (string?)ending["metadata"]!["deletionTimestamp"]);
        Assert.Equal(30, (int)ending["metadata"]!["deletionGracePeriodSeconds"]!);

        var longer = await api.JsonAsync(200, "DELETE", Pods + "/p?gracePeriodSeconds=60");
        Assert.Equal(30, (int)longer["metadata"]!["deletionGracePeriodSeconds"]!);
        var shorter = await api.JsonAsync(200, "DELETE", Pods + "/p", """{"gracePeriodSeconds":5}""");
        Assert.Equal("2026-01-02T03:04:10Z", (string?)shorter["metadata"]!["deletionTimestamp"]);
        Assert.Equal(5, (int)shorter["metadata"]!["deletionGracePeriodSeconds"]!);

        await api.JsonAsync(200, "DELETE", Pods + "/p", """{"gracePeriodSeconds":0}""");
        await api.JsonAsync(404, "GET", Pods + "/p");
    }

    [Fact]
    public async Task A_pod_without_a_node_is_removed_at_once()
    {
        await using var api = await TestApi.StartAsync();
        await CreatePodAsync(api, "p", null);

        var answer = await api.JsonAsync(200, "DELETE", Pods + "/p");

        Assert.Equal("Pod", (string?)answer["kind"]);
        await api.JsonAsync(404, "GET", Pods + "/p");
    }

    [Fact]
    public async Task An_eviction_is_a_graceful_deletion()
    {
        await using var api = await TestApi.StartAsync();
        await CreatePodAsync(api, "p", "n1");

        var status = await api.JsonAsync(
            201,
            "POST",
            Pods + "/p/eviction",
            """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p","namespace":"default"},"deleteOptions":"""
                + """{"gracePeriodSeconds":7}}"""
        );

        Assert.Equal("Success", (string?)status["status"]);
        Assert.Equal(7, (int)(await api.GetAsync(Pods + "/p"))["metadata"]!["deletionGracePeriodSeconds"]!);
    }

    [Fact]
    public async Task A_collection_is_deleted_by_selector()
    {
        await using var api = await TestApi.StartAsync();
        foreach (var (name, label) in new[] { ("a", "x"), ("b", "y"), ("c", "x") })
        {
            await api.CreateAsync(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}","labels":{"l":"{{{label}}}"} }}""");
        }

        var deleted = await api.JsonAsync(200, "DELETE", ConfigMaps + "?labelSelector=l%3Dx");
        var left = await api.GetAsync(ConfigMaps);

        Assert.Equal(["a", "c"], deleted["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]));
        Assert.Equal(["b"], left["items"]!.AsArray().Select(i => (string?)i!["metadata"]!["name"]));
    }

    [Fact]
    public async Task A_namespace_goes_when_its_last_finalizer_does()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");

        var ending = await api.JsonAsync(200, "DELETE", "/api/v1/namespaces/team");
        Assert.Equal("Terminating", (string?)ending["status"]!["phase"]);
        Assert.Equal("""["kubernetes"]""", ending["spec"]!["finalizers"]!.ToJsonString());
        await api.JsonAsync(200, "DELETE", "/api/v1/namespaces/team");
        ending["spec"]!.AsObject().Remove("finalizers");
        await api.JsonAsync(200, "PUT", "/api/v1/namespaces/team", ending.ToJsonString());
        await api.GetAsync("/api/v1/namespaces/team");

        ending["metadata"]!.AsObject().Remove("resourceVersion");
        await api.JsonAsync(200, "PUT", "/api/v1/namespaces/team/finalize", ending.ToJsonString());

        await api.JsonAsync(404, "GET", "/api/v1/namespaces/team");
        var kept = await api.JsonAsync(403, "DELETE", "/api/v1/namespaces/default");
        Assert.Equal("namespaces \"default\" is forbidden: this namespace may not be deleted", (string?)kept["message"]);
    }

    private static async Task CreatePodAsync(TestApi api, string name, string? node)
    {
        var assigned = node is null ? "" : $",\"nodeName\":\"{node}\"";
        await api.CreateAsync(
            Pods,
            $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i"}] {{{assigned}}} }}"""
        );
    }
}
