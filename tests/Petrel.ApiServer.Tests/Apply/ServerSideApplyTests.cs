using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Apply;

/// <summary>The behaviour that the documentation of server-side apply promises.</summary>
public sealed class ServerSideApplyTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
    private const string Services = "/api/v1/namespaces/default/services";
    private const string ApplyType = "application/apply-patch+yaml";

    private static string Map(string data, string more = "") =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"{{{more}}}},"data":{{{data}}}}""";

    private static string Deployment(string spec) =>
        $$$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec: {{{spec}}}
            """;

    private const string Web =
        """{replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: """
        + """[{name: web, image: "web:1"}]} } }""";

    private static Task<JsonObject> Apply(TestApi api, string path, string body, string manager, int status = 200, string more = "") =>
        api.JsonAsync(status, "PATCH", $"{path}?fieldManager={manager}{more}", body, ApplyType);

    private static JsonObject Fields(JsonObject value, string manager, string operation = "Apply") =>
        value["metadata"]!["managedFields"]!
            .AsArray()
            .Single(e => (string?)e!["manager"] == manager && (string?)e["operation"] == operation)!["fieldsV1"]!.AsObject();

    private static string[] Managers(JsonObject value) =>
        [.. value["metadata"]!["managedFields"]!.AsArray().Select(e => $"{e!["manager"]} {e["operation"]} {e["subresource"]}".TrimEnd())];

    [Fact]
    public async Task An_absent_object_is_created_and_its_fields_are_the_managers()
    {
        await using var api = await TestApi.StartAsync();

        var created = await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}""", ""","labels":{"x":"y"}"""), "alice", 201);

        Assert.Equal("""{"f:data":{"f:a":{}},"f:metadata":{"f:labels":{"f:x":{}}}}""", Fields(created, "alice").ToJsonString());
        Assert.Equal("1", (string?)created["data"]!["a"]);
    }

    [Fact]
    public async Task The_same_again_changes_nothing()
    {
        await using var api = await TestApi.StartAsync();
        var created = await Apply(api, Deployments + "/web", Deployment(Web), "alice", 201);
        api.Time.Advance(TimeSpan.FromMinutes(1));

        var again = await Apply(api, Deployments + "/web", Deployment(Web), "alice");

        Assert.Equal(created.ToJsonString(), again.ToJsonString());
    }

    [Fact]
    public async Task What_is_left_out_is_removed_unless_another_manager_wants_it()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, ConfigMaps + "/m", Map("""{"mine":"1","ours":"2"}"""), "alice", 201);
        await Apply(api, ConfigMaps + "/m", Map("""{"ours":"2"}"""), "bob");

        var left = await Apply(api, ConfigMaps + "/m", Map("""{"new":"3"}"""), "alice");

        Assert.Equal("""{"new":"3","ours":"2"}""", Sorted(left["data"]!));
        Assert.Equal("""{"f:data":{"f:ours":{}}}""", Fields(left, "bob").ToJsonString());
        Assert.Equal("""{"f:data":{"f:new":{}}}""", Fields(left, "alice").ToJsonString());
    }

    [Fact]
    public async Task Another_value_for_anothers_field_is_a_conflict_that_names_the_manager_and_the_field()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, ConfigMaps + "/m", Map("""{"a":"1","b":"1"}"""), "alice", 201);

        var one = await Apply(api, ConfigMaps + "/m", Map("""{"a":"2"}"""), "bob", 409);
        var two = await Apply(api, ConfigMaps + "/m", Map("""{"a":"2","b":"2"}"""), "bob", 409);

        Assert.Equal("Apply failed with 1 conflict: conflict with \"alice\": .data.a", (string?)one["message"]);
        Assert.Equal("Conflict", (string?)one["reason"]);
        Assert.Equal(
            """[{"reason":"FieldManagerConflict","message":"conflict with \"alice\"","field":".data.a"}]""",
            one["details"]!["causes"]!.ToJsonString(
                new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        );
        Assert.Equal("Apply failed with 2 conflicts: conflicts with \"alice\":\n- .data.a\n- .data.b", (string?)two["message"]);
        Assert.Equal("""{"a":"1","b":"1"}""", Sorted((await api.GetAsync(ConfigMaps + "/m"))["data"]!));
    }

    [Fact]
    public async Task Force_takes_the_field_over()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, ConfigMaps + "/m", Map("""{"a":"1","b":"1"}"""), "alice", 201);

        var forced = await Apply(api, ConfigMaps + "/m", Map("""{"a":"2"}"""), "bob", more: "&force=true");

        Assert.Equal("2", (string?)forced["data"]!["a"]);
        Assert.Equal("""{"f:data":{"f:b":{}}}""", Fields(forced, "alice").ToJsonString());
        Assert.Equal("""{"f:data":{"f:a":{}}}""", Fields(forced, "bob").ToJsonString());
    }

    [Fact]
    public async Task The_same_value_is_shared()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "alice", 201);

        var shared = await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "bob");
        Assert.True(Fields(shared, "alice")["f:data"]!.AsObject().ContainsKey("f:a"));
        Assert.True(Fields(shared, "bob")["f:data"]!.AsObject().ContainsKey("f:a"));

        // Giving up a shared field leaves it to the other.
        var left = await Apply(api, ConfigMaps + "/m", Map("{}"), "alice");
        Assert.Equal("1", (string?)left["data"]!["a"]);
    }

    [Fact]
    public async Task A_write_owns_what_it_changes_and_an_apply_conflicts_with_it()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, Deployments + "/web", Deployment(Web), "alice", 201);
        var scaled = await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/web?fieldManager=scaler",
            """{"spec":{"replicas":5}}""",
            "application/merge-patch+json"
        );
        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", Fields(scaled, "scaler", "Update").ToJsonString());
        Assert.False(Fields(scaled, "alice")["f:spec"]!.AsObject().ContainsKey("f:replicas"));

        var conflict = await Apply(api, Deployments + "/web", Deployment(Web), "alice", 409);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"scaler\" using apps/v1: .spec.replicas", (string?)conflict["message"]);

        // Without the field it is the scaler's alone.
        var free = await Apply(api, Deployments + "/web", Deployment(Web.Replace("replicas: 3, ", "", StringComparison.Ordinal)), "alice");
        Assert.Equal(5, (int?)free["spec"]!["replicas"]);
    }

    [Fact]
    public async Task The_scale_subresource_hands_a_field_over()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, Deployments + "/web", Deployment(Web), "alice", 201);
        var scale = """{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"web"},"spec":{"replicas":7}}""";

        var conflict = await Apply(api, Deployments + "/web/scale", scale, "hpa", 409);
        var scaled = await Apply(api, Deployments + "/web/scale", scale, "hpa", more: "&force=true");

        Assert.Contains("conflict with \"alice\": .spec.replicas", (string?)conflict["message"], StringComparison.Ordinal);
        Assert.Equal("Scale", (string?)scaled["kind"]);
        var web = await api.GetAsync(Deployments + "/web");
        Assert.Equal(7, (int?)web["spec"]!["replicas"]);
        Assert.Contains("hpa Apply scale", Managers(web));
        Assert.False(Fields(web, "alice")["f:spec"]!.AsObject().ContainsKey("f:replicas"));
    }

    [Fact]
    public async Task Items_of_list_maps_belong_to_their_managers()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(
            api,
            Services + "/s",
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"name":"http","port":80}]} }""",
            "alice",
            201
        );

        var both = await Apply(
            api,
            Services + "/s",
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"name":"metrics","port":"""
                + """9090,"protocol":"TCP"}]} }""",
            "bob"
        );
        Assert.Equal([80, 9090], both["spec"]!["ports"]!.AsArray().Select(p => (int)p!["port"]!));
        Assert.Equal(
            """{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{}}}}}""",
            Fields(both, "alice").ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })
        );

        var one = await Apply(
            api,
            Services + "/s",
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"name":"web","port":8080}]} }""",
            "alice"
        );
        Assert.Equal([8080, 9090], one["spec"]!["ports"]!.AsArray().Select(p => (int)p!["port"]!).Order());
    }

    [Fact]
    public async Task A_container_of_anothers_stays_when_ones_own_goes()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, Deployments + "/web", Deployment(Web), "alice", 201);
        const string Sidecar = """{template: {spec: {containers: [{name: proxy, image: "proxy:1"}]} } }""";
        await Apply(api, Deployments + "/web", Deployment(Sidecar), "mesh");

        var upgraded = await Apply(api, Deployments + "/web", Deployment(Web.Replace("web:1", "web:2", StringComparison.Ordinal)), "alice");
        Assert.Equal(["web:2", "proxy:1"], Images(upgraded));

        var without = await Apply(api, Deployments + "/web", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}", "mesh");
        Assert.Equal(["web:2"], Images(without));
        Assert.DoesNotContain("mesh Apply", Managers(without));
    }

    [Fact]
    public async Task The_status_path_owns_only_the_status()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, Deployments + "/web", Deployment(Web), "alice", 201);

        var status =
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":9},"status":"""
            + """{"readyReplicas":1,"replicas":1}}""";
        var written = await Apply(api, Deployments + "/web/status", status, "controller");

        Assert.Equal(3, (int?)written["spec"]!["replicas"]);
        Assert.Equal(1, (int?)written["status"]!["readyReplicas"]);
        Assert.Equal("""{"f:status":{"f:readyReplicas":{},"f:replicas":{}}}""", Fields(written, "controller").ToJsonString());
        Assert.Contains("controller Apply status", Managers(written));
    }

    [Fact]
    public async Task A_dry_run_tells_and_keeps_nothing()
    {
        await using var api = await TestApi.StartAsync();

        await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "alice", 201, "&dryRun=All");
        await api.JsonAsync(404, "GET", ConfigMaps + "/m");
    }

    [Fact]
    public async Task What_an_apply_needs_is_said()
    {
        await using var api = await TestApi.StartAsync();

        var anonymous = await api.JsonAsync(422, "PATCH", ConfigMaps + "/m", Map("{}"), ApplyType);
        var managed = await Apply(
            api,
            ConfigMaps + "/m",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","managedFields":[{"manager":"x"}]}}""",
            "a",
            400
        );
        var unknown = await Apply(
            api,
            ConfigMaps + "/m",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"dada":{}}""",
            "a",
            500
        );
        var other = await Apply(api, ConfigMaps + "/m", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"m"}}""", "a", 400);
        var twice = await Apply(
            api,
            Services + "/s",
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80},{"port":80}]}}""",
            "a",
            500
        );
        var force = await api.JsonAsync(422, "PATCH", ConfigMaps + "/m?force=true", "{}", "application/merge-patch+json");

        Assert.Contains(
            "fieldManager: Required value: is required for apply patch",
            (string?)anonymous["message"],
            StringComparison.Ordinal
        );
        Assert.Contains("managedFields must be nil", (string?)managed["message"], StringComparison.Ordinal);
        // Upstream answers these without a reason, so that clients show the text alone.
        Assert.Equal(
            "failed to create typed patch object (/m; /v1, Kind=ConfigMap): .dada: field not declared in schema",
            (string?)unknown["message"]
        );
        Assert.Null(unknown["reason"]);
        Assert.Equal("invalid object type: /v1, Kind=Secret", (string?)other["message"]);
        Assert.Contains("duplicate entries for key [port=80,protocol=\"TCP\"]", (string?)twice["message"], StringComparison.Ordinal);
        Assert.Contains("may not be specified for non-apply patch", (string?)force["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creates_and_updates_are_tracked_by_user_agent_and_parameter()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.JsonAsync(201, "POST", ConfigMaps + "?fieldManager=maker", Map("""{"a":"1"}"""));
        Assert.Equal("""{"f:data":{".":{},"f:a":{}}}""", Fields(created, "maker", "Update").ToJsonString());

        created["data"]!["b"] = "2";
        var updated = await api.JsonAsync(200, "PUT", ConfigMaps + "/m", created.ToJsonString());
        Assert.Equal("""{"f:data":{"f:b":{}}}""", Fields(updated, "unknown", "Update").ToJsonString());
        Assert.Equal("""{"f:data":{".":{},"f:a":{}}}""", Fields(updated, "maker", "Update").ToJsonString());
    }

    [Fact]
    public async Task Managers_can_be_forgotten_and_come_back_with_the_next_apply()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "alice", 201);

        var reset = await api.JsonAsync(
            200,
            "PATCH",
            ConfigMaps + "/m",
            """{"metadata":{"managedFields":[{}]}}""",
            "application/merge-patch+json"
        );
        Assert.Null(reset["metadata"]!["managedFields"]);

        var again = await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "alice");
        Assert.Equal(["alice Apply", "before-first-apply Update"], Managers(again));
    }

    [Fact]
    public async Task Kubectls_server_side_apply_follows_its_client_side_apply()
    {
        await using var api = await TestApi.StartAsync();
        var last = """{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"1\"}}""";
        await api.JsonAsync(
            201,
            "POST",
            ConfigMaps + "?fieldManager=kubectl-client-side-apply",
            Map("""{"a":"1"}""", $$$""","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{{{last}}}"}""")
        );

        await Apply(api, ConfigMaps + "/m", Map("""{"a":"2"}"""), "somebody", 409);
        var applied = await Apply(api, ConfigMaps + "/m", Map("""{"a":"2"}"""), "kubectl");

        Assert.Equal("2", (string?)applied["data"]!["a"]);
        Assert.Contains(
            "\"a\":\"2\"",
            (string?)applied["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Only_what_client_side_apply_had_set_is_taken_over()
    {
        await using var api = await TestApi.StartAsync();
        var last = """{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"1\",\"b\":\"1\"}}""";
        await api.JsonAsync(
            201,
            "POST",
            ConfigMaps + "?fieldManager=kubectl-client-side-apply",
            Map("""{"a":"1","b":"1"}""", $$$""","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{{{last}}}"}""")
        );
        // Another manager has changed one field since.
        await api.JsonAsync(200, "PATCH", ConfigMaps + "/m?fieldManager=else", """{"data":{"b":"2"}}""", "application/merge-patch+json");

        var refused = await Apply(api, ConfigMaps + "/m", Map("""{"a":"3","b":"3"}"""), "kubectl", 409);

        Assert.Equal("Apply failed with 1 conflict: conflict with \"else\" using v1: .data.b", (string?)refused["message"]);
    }

    [Fact]
    public async Task Kubectl_can_make_its_client_side_manager_the_one_that_applies()
    {
        await using var api = await TestApi.StartAsync();
        var created = await api.JsonAsync(
            201,
            "POST",
            ConfigMaps + "?fieldManager=kubectl-client-side-apply",
            Map("""{"a":"1","b":"1"}""")
        );
        var upgraded = created["metadata"]!["managedFields"]!.DeepClone().AsArray();
        upgraded[0]!["manager"] = "kubectl";
        upgraded[0]!["operation"] = "Apply";
        var patch = new JsonArray(
            new JsonObject
            {
                ["op"] = "replace",
                ["path"] = "/metadata/managedFields",
                ["value"] = upgraded,
            },
            new JsonObject
            {
                ["op"] = "replace",
                ["path"] = "/metadata/resourceVersion",
                ["value"] = created["metadata"]!["resourceVersion"]!.DeepClone(),
            }
        );

        var patched = await api.JsonAsync(
            200,
            "PATCH",
            ConfigMaps + "/m?fieldManager=kubectl",
            patch.ToJsonString(),
            "application/json-patch+json"
        );
        Assert.Equal(["kubectl Apply"], Managers(patched));

        // What it no longer wants goes, as with any apply.
        var applied = await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "kubectl");
        Assert.Equal("""{"a":"1"}""", applied["data"]!.ToJsonString());
    }

    [Fact]
    public async Task A_zero_is_applied_like_any_value()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, Deployments + "/web", Deployment(Web), "alice", 201);
        await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/web?fieldManager=bob",
            """{"spec":{"paused":true}}""",
            "application/merge-patch+json"
        );

        var refused = await Apply(
            api,
            Deployments + "/web",
            Deployment(Web.Replace("replicas: 3", "replicas: 3, paused: false", StringComparison.Ordinal)),
            "alice",
            409
        );
        var forced = await Apply(
            api,
            Deployments + "/web",
            Deployment(Web.Replace("replicas: 3", "replicas: 3, paused: false", StringComparison.Ordinal)),
            "alice",
            more: "&force=true"
        );

        Assert.Contains(".spec.paused", (string?)refused["message"], StringComparison.Ordinal);
        Assert.Null(forced["spec"]!["paused"]);
        Assert.True(Fields(forced, "alice")["f:spec"]!.AsObject().ContainsKey("f:paused"));
    }

    [Fact]
    public async Task Nulls_and_values_in_another_form_change_nothing_the_second_time()
    {
        await using var api = await TestApi.StartAsync();
        var web = Deployment(
                """{replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: {creationTimestamp: null, labels: """
                    + """{app: web}}, spec: {containers: [{name: web, image: "web:1", resources: {limits: {cpu: "0.5"}}}]} } }"""
            )
            .Replace("name: web}", "name: web, creationTimestamp: null}", StringComparison.Ordinal);
        var created = await Apply(api, Deployments + "/web", web, "alice", 201);
        api.Time.Advance(TimeSpan.FromMinutes(1));

        var again = await Apply(api, Deployments + "/web", web, "alice");

        Assert.Equal("500m", (string?)again["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]!["limits"]!["cpu"]);
        Assert.Equal(created.ToJsonString(), again.ToJsonString());
    }

    [Fact]
    public async Task An_empty_list_of_managers_forgets_them_and_no_list_does_not()
    {
        await using var api = await TestApi.StartAsync();
        var created = await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "alice", 201);

        created["metadata"]!.AsObject().Remove("managedFields");
        var kept = await api.JsonAsync(200, "PUT", ConfigMaps + "/m", created.ToJsonString());
        Assert.Equal(["alice Apply"], Managers(kept));

        kept["metadata"]!["managedFields"] = new JsonArray();
        var reset = await api.JsonAsync(200, "PUT", ConfigMaps + "/m", kept.ToJsonString());
        Assert.Null(reset["metadata"]!["managedFields"]);
        var later = await api.JsonAsync(200, "PATCH", ConfigMaps + "/m", """{"data":{"a":"2"}}""", "application/merge-patch+json");
        Assert.Null(later["metadata"]!["managedFields"]);
    }

    [Fact]
    public async Task A_status_that_cannot_be_written_is_nobodys()
    {
        await using var api = await TestApi.StartAsync();

        var created = await Apply(api, Deployments + "/web", Deployment(Web) + "\nstatus: {replicas: 7}", "alice", 201);
        var posted = await api.JsonAsync(
            201,
            "POST",
            Deployments + "?fieldManager=bob",
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"two"},"spec":{"selector":{"matchLabels":"""
                + """{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":["""
                + """{"name":"c","image":"i"}]}}},"status":{"replicas":7}}"""
        );

        Assert.False(Fields(created, "alice").ContainsKey("f:status"));
        Assert.False(Fields(posted, "bob", "Update").ContainsKey("f:status"));
        var status = await api.JsonAsync(
            200,
            "PATCH",
            Deployments + "/two/status?fieldManager=ctl",
            """{"status":{"replicas":1}}""",
            "application/merge-patch+json"
        );
        Assert.Equal("""{"f:status":{"f:replicas":{}}}""", Fields(status, "ctl", "Update").ToJsonString());
        Assert.Contains("ctl Update status", Managers(status));
    }

    [Fact]
    public async Task Conflicts_are_told_manager_by_manager()
    {
        await using var api = await TestApi.StartAsync();
        await Apply(api, ConfigMaps + "/m", Map("""{"a":"1"}"""), "zoe", 201);
        await Apply(api, ConfigMaps + "/m", Map("""{"b":"1"}"""), "alice");

        var refused = await Apply(api, ConfigMaps + "/m", Map("""{"a":"2","b":"2"}"""), "bob", 409);

        Assert.Equal(
            "Apply failed with 2 conflicts: conflicts with \"alice\":\n- .data.b\nconflicts with \"zoe\":\n- .data.a",
            (string?)refused["message"]
        );
    }

    private static string[] Images(JsonObject deployment) =>
        [.. deployment["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Select(c => (string)c!["image"]!)];

    private static string Sorted(JsonNode map) =>
        new JsonObject(
            map.AsObject().OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))
        ).ToJsonString();
}
