using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission.NodeRestriction;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Admission.NodeRestriction;

public sealed class NodeRestrictionTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Merge = "application/merge-patch+json";

    private static readonly UserInfo Agent = UserInfo.Node("n1");

    // What would pass the authorizer, too: the plugin alone stands between.
    private static readonly UserInfo Powerful = new(
        "system:node:n1",
        [UserInfo.NodesGroup, UserInfo.MastersGroup, UserInfo.AuthenticatedGroup]
    );

    [Theory]
    [InlineData("kubernetes.io/hostname", true)]
    [InlineData("topology.kubernetes.io/zone", true)]
    [InlineData("kubelet.kubernetes.io/x", true)]
    [InlineData("sub.node.kubernetes.io/x", true)]
    [InlineData("example.com/x", true)]
    [InlineData("plain", true)]
    [InlineData("node-restriction.kubernetes.io/x", false)]
    [InlineData("my.node-restriction.kubernetes.io/x", false)]
    [InlineData("node-role.kubernetes.io/control-plane", false)]
    [InlineData("other.k8s.io/x", false)]
    public void An_agent_sets_only_labels_that_draw_no_pods(string label, bool allowed)
    {
        var bare = new JsonObject { ["metadata"] = new JsonObject() };
        var labeled = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = "v" } } };
        string[] expected = allowed ? [] : [label];

        Assert.Equal(expected, NodeLabels.ForbiddenChanges(labeled, null));
        Assert.Equal(expected, NodeLabels.ForbiddenChanges(labeled, bare));
        Assert.Equal(expected, NodeLabels.ForbiddenChanges(bare, labeled));
        Assert.Empty(NodeLabels.ForbiddenChanges(labeled, labeled));
    }

    [Theory]
    [InlineData("", "", "pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create mirror pods")]
    [InlineData(Mirror, "", "node \"n1\" can only create pods with spec.nodeName set to itself")]
    [InlineData(Mirror, "\"nodeName\":\"n1\"", "node \"n1\" can only create pods with an owner reference set to itself")]
    [InlineData(
        Mirror + ",\"ownerReferences\":[{},{}]",
        "\"nodeName\":\"n1\"",
        "node \"n1\" can only create pods with a single owner reference set to itself"
    )]
    [InlineData(
        Mirror + ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"u\"}]",
        "\"nodeName\":\"n1\"",
        "node \"n1\" can only create pods with a controller owner reference set to itself"
    )]
    [InlineData(
        Mirror
            + ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"u\",\"controller\":true,"
            + "\"blockOwnerDeletion\":true}]",
        "\"nodeName\":\"n1\"",
        "node \"n1\" must not set blockOwnerDeletion on an owner reference"
    )]
    [InlineData(
        Mirror + ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"x\",\"controller\":true}]",
        "\"nodeName\":\"n1\"",
        "node n1 UID mismatch: expected x got u"
    )]
    [InlineData(
        Mirror + Owner,
        "\"nodeName\":\"n1\",\"serviceAccountName\":\"default\"",
        "node \"n1\" can not create pods that reference a service account"
    )]
    [InlineData(
        Mirror + Owner,
        "\"nodeName\":\"n1\",\"volumes\":[{\"secret\":{\"secretName\":\"s\"}}]",
        "node \"n1\" can not create pods that reference secrets"
    )]
    [InlineData(
        Mirror + Owner,
        "\"nodeName\":\"n1\",\"imagePullSecrets\":[{\"name\":\"s\"}]",
        "node \"n1\" can not create pods that reference secrets"
    )]
    [InlineData(
        Mirror + Owner,
        "\"nodeName\":\"n1\",\"containers\":[{\"envFrom\":[{\"configMapRef\":{\"name\":\"c\"}}]}]",
        "node \"n1\" can not create pods that reference configmaps"
    )]
    [InlineData(
        Mirror + Owner,
        "\"nodeName\":\"n1\",\"volumes\":[{\"projected\":{\"sources\":[{\"clusterTrustBundle\":{}}]}}]",
        "node \"n1\" can not create pods that reference clustertrustbundles"
    )]
    [InlineData(
        Mirror + Owner,
        "\"nodeName\":\"n1\",\"volumes\":[{\"persistentVolumeClaim\":{\"claimName\":\"c\"}}]",
        "node \"n1\" can not create pods that reference persistentvolumeclaims"
    )]
    [InlineData(Mirror + Owner, "\"nodeName\":\"n1\",\"volumes\":[{\"hostPath\":{\"path\":\"/\"}}]", null)]
    public void An_agent_creates_only_mirror_pods_of_its_own(string metadata, string spec, string? expected) =>
        Assert.Equal(
            expected,
            NodeRules.CreatePod("n1", "u", JsonNode.Parse($$"""{"metadata":{ {{metadata}} },"spec":{ {{spec}} } }""")!.AsObject())
        );

    [Theory]
    [InlineData("{}", "node requested token with a pod binding without a uid")]
    [InlineData(
        """{"uid":"other"}""",
        "the UID in the bound object reference (other) does not match the UID in record. The object might have been deleted "
            + "and then recreated"
    )]
    [InlineData("""{"uid":"u"}""", null)]
    public void An_agent_gets_tokens_only_for_pods_as_they_are(string reference, string? expected)
    {
        var bound = JsonNode.Parse(reference)!.AsObject();
        (bound["kind"], bound["apiVersion"], bound["name"]) = ("Pod", "v1", "p");
        var request = new JsonObject { ["spec"] = new JsonObject { ["boundObjectRef"] = bound } };
        var pod = JsonNode.Parse("""{"metadata":{"uid":"u"},"spec":{"nodeName":"n1"}}""")!.AsObject();

        Assert.Equal(expected, NodeRules.CreateToken("n1", request, pod));
        if (expected is null)
        {
            Assert.Equal("node requested token bound to a pod scheduled on a different node", NodeRules.CreateToken("n2", request, pod));
        }
    }

    [Fact]
    public async Task An_agent_registers_its_node_and_reports_but_sets_no_restricted_labels_and_no_taints()
    {
        await using var api = await TestApi.StartAsync();

        var refused = await api.JsonAsync(403, "POST", "/api/v1/nodes", Node("n1", "node-restriction.kubernetes.io/pci"), user: Agent);
        await api.JsonAsync(201, "POST", "/api/v1/nodes", Node("n1", "kubernetes.io/hostname"), user: Agent);
        await api.JsonAsync(200, "PATCH", "/api/v1/nodes/n1/status", """{"status":{"phase":"Running"}}""", Merge, user: Agent);
        await api.JsonAsync(200, "PATCH", "/api/v1/nodes/n1", """{"metadata":{"labels":{"example.com/a":"b"}}}""", Merge, user: Agent);
        var role = await api.JsonAsync(
            403,
            "PATCH",
            "/api/v1/nodes/n1",
            """{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}""",
            Merge,
            user: Agent
        );
        var taint = await api.JsonAsync(
            403,
            "PATCH",
            "/api/v1/nodes/n1",
            """{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}""",
            Merge,
            user: Agent
        );
        var owner = await api.JsonAsync(
            403,
            "PATCH",
            "/api/v1/nodes/n1",
            """{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"x","uid":"u"}]}}""",
            Merge,
            user: Agent
        );

        Assert.Equal(
            "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: node-restriction.kubernetes.io/pci",
            (string?)refused["message"]
        );
        Assert.Equal(
            "nodes \"n1\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane",
            (string?)role["message"]
        );
        Assert.Equal("nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints", (string?)taint["message"]);
        Assert.Equal("nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify ownerReferences", (string?)owner["message"]);
    }

    [Fact]
    public async Task An_agent_keeps_to_its_own_node_lease_and_pods()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync("/api/v1/nodes", Node("n2", "a"));
        foreach (var (name, node) in new[] { ("mine", "n1"), ("other", "n2") })
        {
            await api.CreateAsync(
                Pods,
                $$"""{"metadata":{"name":"{{name}}"},"spec":{"nodeName":"{{node}}","containers":[{"name":"c","image":"i"}]} }"""
            );
        }
        const string Status = """{"status":{"phase":"Running"}}""";

        await RefusedAsync(api, "node \"n1\" is not allowed to modify node \"n2\"", "PATCH", "/api/v1/nodes/n2/status", Status);
        await RefusedAsync(
            api,
            "node \"n1\" can only update pod status for pods with spec.nodeName set to itself",
            "PATCH",
            Pods + "/other/status",
            Status
        );
        await RefusedAsync(api, "node \"n1\" can only delete pods with spec.nodeName set to itself", "DELETE", Pods + "/other");
        await RefusedAsync(
            api,
            "node n1 can only evict pods with spec.nodeName set to itself",
            "POST",
            Pods + "/other/eviction",
            """{"metadata":{"name":"other"}}"""
        );
        await RefusedAsync(
            api,
            "unexpected operation \"UPDATE\", node \"n1\" can only create and delete mirror pods",
            "PATCH",
            Pods + "/mine",
            """{"metadata":{"labels":{"a":"b"}}}"""
        );
        await RefusedAsync(
            api,
            "can only access leases in the \"kube-node-lease\" system namespace",
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            """{"metadata":{"name":"n1"}}"""
        );
        await RefusedAsync(
            api,
            "can only access node lease with the same name as the requesting node",
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
            """{"metadata":{"name":"n2"}}"""
        );
        await RefusedAsync(api, "may only update PVC status", "POST", "/api/v1/namespaces/default/persistentvolumeclaims", Claim);

        await api.JsonAsync(
            201,
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
            """{"metadata":{"name":"n1"}}""",
            user: Powerful
        );
        await api.JsonAsync(200, "PATCH", Pods + "/mine/status", Status, Merge, user: Powerful);
        await api.JsonAsync(200, "DELETE", Pods + "/mine?gracePeriodSeconds=0", user: Powerful);
    }

    [Fact]
    public async Task An_agent_without_a_name_may_write_nothing()
    {
        await using var api = await TestApi.StartAsync();

        var refused = await api.JsonAsync(
            403,
            "POST",
            "/api/v1/nodes",
            Node("n1", "a"),
            user: new UserInfo("someone", [UserInfo.NodesGroup, UserInfo.MastersGroup, UserInfo.AuthenticatedGroup])
        );

        Assert.Equal("nodes \"n1\" is forbidden: could not determine node from user \"someone\"", (string?)refused["message"]);
    }

    private const string Mirror = "\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}";
    private const string Owner =
        ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"u\",\"controller\":true}]";
    private const string Claim =
        """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""";

    private static string Node(string name, string label) => $$$"""{"metadata":{"name":"{{{name}}}","labels":{"{{{label}}}":"x"} } }""";

    private static async Task RefusedAsync(TestApi api, string why, string method, string path, string body = "")
    {
        var refused = await api.JsonAsync(403, method, path, body, method == "PATCH" ? Merge : "application/json", user: Powerful);
        Assert.EndsWith($" is forbidden: {why}", (string?)refused["message"], StringComparison.Ordinal);
    }
}
