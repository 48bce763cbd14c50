using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class UpdateTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private const string Deployment =
        """{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":"""
        + """{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""";

    [Fact]
    public async Task A_stale_update_is_a_conflict()
    {
        await using var api = await TestApi.StartAsync();
        var first = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        first["data"] = new JsonObject { ["k"] = "1" };
        var second = await api.JsonAsync(200, "PUT", ConfigMaps + "/a", first.ToJsonString());

        var status = await api.JsonAsync(409, "PUT", ConfigMaps + "/a", first.ToJsonString());

        Assert.Equal(
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the "
                + "latest version and try again",
            (string?)status["message"]
        );
        Assert.Equal("Conflict", (string?)status["reason"]);
        Assert.NotEqual((string?)first["metadata"]!["resourceVersion"], (string?)second["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public async Task An_update_that_changes_nothing_is_not_committed()
    {
        await using var api = await TestApi.StartAsync();
        var first = await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"x":"1"}}""");
        var revision = api.Store.CurrentRevision;

        var same = await api.JsonAsync(200, "PUT", ConfigMaps + "/a", first.ToJsonString());

        Assert.Equal(first.ToJsonString(), same.ToJsonString());
        Assert.Equal(revision, api.Store.CurrentRevision);
    }

    [Fact]
    public async Task Identity_can_not_be_changed()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");

        var name = await api.JsonAsync(400, "PUT", ConfigMaps + "/a", """{"metadata":{"name":"b"}}""");
        var uid = await api.JsonAsync(409, "PUT", ConfigMaps + "/a", """{"metadata":{"name":"a","uid":"other"}}""");
        var time = await api.JsonAsync(
            422,
            "PUT",
            ConfigMaps + "/a",
            """{"metadata":{"name":"a","creationTimestamp":"2020-01-01T00:00:00Z"}}"""
        );
        var ending = await api.JsonAsync(
            422,
            "PUT",
            ConfigMaps + "/a",
            """{"metadata":{"name":"a","deletionTimestamp":"2020-01-01T00:00:00Z"}}"""
        );

        Assert.Equal("the name of the object (b) does not match the name on the URL (a)", (string?)name["message"]);
        Assert.Contains(
            "Precondition failed: UID in precondition: other, UID in object meta: ",
            (string?)uid["message"],
            StringComparison.Ordinal
        );
        Assert.Equal(
            "ConfigMap \"a\" is invalid: metadata.creationTimestamp: Invalid value: \"2020-01-01T00:00:00Z\": field is immutable",
            (string?)time["message"]
        );
        Assert.Contains("metadata.deletionTimestamp", (string?)ending["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spec_and_status_are_written_apart_and_only_the_spec_raises_the_generation()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.CreateAsync(Deployments, Deployment);
        Assert.Equal(1, (int)created["metadata"]!["generation"]!);

        var status = created.DeepClone().AsObject();
        status["status"] = new JsonObject { ["replicas"] = 2, ["observedGeneration"] = 1 };
        status["spec"]!["replicas"] = 9;
        var afterStatus = await api.JsonAsync(200, "PUT", Deployments + "/web/status", status.ToJsonString());
        Assert.Equal(2, (int)afterStatus["spec"]!["replicas"]!);
        Assert.Equal(2, (int)afterStatus["status"]!["replicas"]!);
        Assert.Equal(1, (int)afterStatus["metadata"]!["generation"]!);

        var afterSpec = await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/web",
            """{"spec":{"replicas":3},"status":{"replicas":7}}""",
            "application/merge-patch+json"
        );
        Assert.Equal(3, (int)afterSpec["spec"]!["replicas"]!);
        Assert.Equal(2, (int)afterSpec["status"]!["replicas"]!);
        Assert.Equal(2, (int)afterSpec["metadata"]!["generation"]!);

        var labelled = await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/web",
            """{"metadata":{"labels":{"a":"b"}}}""",
            "application/merge-patch+json"
        );
        Assert.Equal(2, (int)labelled["metadata"]!["generation"]!);
    }

    [Fact]
    public async Task A_missing_object_is_not_found_except_for_leases_which_an_update_creates()
    {
        await using var api = await TestApi.StartAsync();

        var missing = await api.JsonAsync(404, "PUT", Deployments + "/web", Deployment);
        await api.JsonAsync(
            201,
            "PUT",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases/l",
            """{"metadata":{"name":"l"},"spec":{"holderIdentity":"me"}}"""
        );

        Assert.Equal("deployments.apps \"web\" not found", (string?)missing["message"]);
        Assert.Equal("apps", (string?)missing["details"]!["group"]);
    }

    [Fact]
    public async Task Scale_changes_the_replicas_alone()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(Deployments, Deployment);

        var scale = await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/web/scale",
            """{"spec":{"replicas":5}}""",
            "application/merge-patch+json"
        );
        Assert.Equal("Scale", (string?)scale["kind"]);
        Assert.Equal(5, (int)scale["spec"]!["replicas"]!);
        Assert.Equal("app=web", (string?)scale["status"]!["selector"]);

        // Ansible's k8s_scale names the parent's kind.
        var named = await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/web/scale",
            """{"kind":"Deployment","spec":{"replicas":6}}""",
            "application/strategic-merge-patch+json"
        );
        Assert.Equal(("Scale", 6), ((string?)named["kind"], (int)named["spec"]!["replicas"]!));
        await api.JsonAsync(400, "PATCH", Deployments + "/web/scale", """{"kind":"Deployment"}""", "application/merge-patch+json");
        scale = await api.GetAsync(Deployments + "/web/scale");

        scale["spec"]!["replicas"] = 1;
        await api.JsonAsync(200, "PUT", Deployments + "/web/scale", scale.ToJsonString());
        await api.JsonAsync(409, "PUT", Deployments + "/web/scale", scale.ToJsonString());
        scale["metadata"]!.AsObject().Remove("resourceVersion");
        scale["spec"]!["replicas"] = -1;
        var negative = await api.JsonAsync(422, "PUT", Deployments + "/web/scale", scale.ToJsonString());

        Assert.Equal(
            "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            (string?)negative["message"]
        );
        Assert.Equal(1, (int)(await api.GetAsync(Deployments + "/web"))["spec"]!["replicas"]!);
        Assert.Equal(1, (int)(await api.GetAsync(Deployments + "/web/scale"))["spec"]!["replicas"]!);
    }
}
