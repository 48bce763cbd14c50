using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Tests.Authorization;

/// <summary>An agent's credential reaches its node, its pods, and what these name.</summary>
public sealed class NodeAuthorizerTests
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Merge = "application/merge-patch+json";

    private static readonly UserInfo N1 = UserInfo.Node("n1");
    private static readonly UserInfo N2 = UserInfo.Node("n2");

    private static Task<TestApi> StartAsync() => TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });

    private static Task<JsonObject> PodAsync(TestApi api, string name, string node, string more = "", string metadata = "") =>
        api.CreateAsync(
            Core + "pods",
            $$$"""{"metadata":{"name":"{{{name}}}"{{{metadata}}}},"spec":{"nodeName":"{{{node}}}","""
                + $$""" "containers":[{"name":"c","image":"i"}]{{more}} } }"""
        );

    private static async Task<int> StatusAsync(TestApi api, string method, string path, UserInfo user, string body = "") =>
        (await api.SendAsync(method, path, body, method == "PATCH" ? Merge : "application/json", user: user)).StatusCode;

    [Theory]
    [InlineData("GET", "/api/v1/nodes/n1", 404)]
    [InlineData("GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dn1", 200)]
    [InlineData("GET", "/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dn1", 200)]
    [InlineData("GET", "/api/v1/nodes/n2", 403)]
    [InlineData("GET", "/api/v1/nodes", 403)]
    [InlineData("GET", "/api/v1/nodes?watch=1", 403)]
    [InlineData("DELETE", "/api/v1/nodes/n1", 403)]
    [InlineData("DELETE", "/api/v1/nodes", 403)]
    [InlineData("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", 200)]
    [InlineData("GET", "/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn1", 200)]
    [InlineData("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", 403)]
    [InlineData("GET", "/api/v1/pods?fieldSelector=spec.nodeName!%3Dn1", 403)]
    [InlineData("GET", "/api/v1/pods", 403)]
    [InlineData("GET", Core + "pods/absent", 403)]
    [InlineData("DELETE", Core + "pods", 403)]
    [InlineData("DELETE", Core + "pods/absent", 404)]
    [InlineData("GET", Core + "secrets", 403)]
    [InlineData("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dused", 403)]
    [InlineData("GET", Core + "configmaps?watch=1", 403)]
    [InlineData("GET", Core + "persistentvolumeclaims", 403)]
    [InlineData("GET", "/api/v1/persistentvolumes", 403)]
    [InlineData("GET", "/api/v1/persistentvolumes?watch=1", 403)]
    [InlineData("GET", "/apis/storage.k8s.io/v1/volumeattachments", 403)]
    [InlineData("GET", Core + "serviceaccounts", 403)]
    [InlineData("GET", "/api/v1/namespaces", 403)]
    [InlineData("GET", "/api/v1/namespaces/default", 403)]
    [InlineData("GET", "/api/v1/services", 200)]
    [InlineData("GET", "/apis/discovery.k8s.io/v1/endpointslices", 200)]
    [InlineData("GET", Core + "endpoints/kubernetes", 404)]
    [InlineData("GET", "/api/v1/endpoints", 403)]
    [InlineData("GET", "/apis/node.k8s.io/v1/runtimeclasses", 200)]
    [InlineData("GET", "/apis/storage.k8s.io/v1/csidrivers", 200)]
    [InlineData("GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests", 200)]
    [InlineData("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1", 404)]
    [InlineData("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2", 403)]
    [InlineData("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", 403)]
    [InlineData("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/n1", 403)]
    [InlineData("GET", "/apis/storage.k8s.io/v1/csinodes/n1", 404)]
    [InlineData("GET", "/apis/storage.k8s.io/v1/csinodes/n2", 403)]
    [InlineData("GET", "/apis/storage.k8s.io/v1/csinodes", 403)]
    [InlineData("GET", "/api/v1/events", 403)]
    [InlineData("GET", "/apis/apps/v1/deployments", 403)]
    [InlineData("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles", 403)]
    public async Task Reads_are_those_of_upstreams_node_authorizer(string method, string path, int status)
    {
        await using var api = await StartAsync();

        Assert.Equal(status, await StatusAsync(api, method, path, N1));
    }

    [Fact]
    public async Task A_watch_of_a_pods_name_shows_no_pod_of_another_node()
    {
        await using var api = await StartAsync();
        Assert.Equal(403, await StatusAsync(api, "GET", Core + "pods?watch=1&fieldSelector=metadata.name%3Dp", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", Core + "pods/p?watch=1", N1));
        await PodAsync(api, "p", "n1");
        using var stop = new CancellationTokenSource();
        foreach (var path in (string[])["pods?watch=1&fieldSelector=metadata.name%3Dp", "pods/p?watch=1"])
        {
            var response = await api.SendAsync("GET", Core + path, user: N1, cancellationToken: stop.Token);
            await using var watch = new WatchReader(response.Stream!, new CancellationTokenSource());
            Assert.Equal("ADDED p", await watch.NextTextAsync());

            await api.JsonAsync(200, "DELETE", Core + "pods/p?gracePeriodSeconds=0");
            Assert.Equal("DELETED p", await watch.NextTextAsync());
            await PodAsync(api, "p", "n2", metadata: ""","labels":{"of":"another"}""");
            await api.JsonAsync(200, "DELETE", Core + "pods/p?gracePeriodSeconds=0");
            await PodAsync(api, "p", "n1");
            var next = await watch.NextAsync();

            Assert.Equal("ADDED", (string?)next!["type"]);
            Assert.Equal("n1", (string?)next["object"]!["spec"]!["nodeName"]);
        }
        Assert.Equal(200, await StatusAsync(api, "GET", Core + "pods?fieldSelector=metadata.name%3Dp", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", Core + "pods?fieldSelector=metadata.name%3Dp", N2));
        Assert.Equal(403, await StatusAsync(api, "GET", Core + "pods/p", N2));
    }

    [Fact]
    public async Task What_its_pods_name_is_read_by_name()
    {
        await using var api = await StartAsync();
        foreach (var kind in (string[])["secrets", "configmaps", "serviceaccounts"])
        {
            await api.CreateAsync(Core + kind, """{"metadata":{"name":"used"}}""");
            await api.CreateAsync(Core + kind, """{"metadata":{"name":"other"}}""");
        }
        await PodAsync(
            api,
            "p",
            "n1",
            ""","serviceAccountName":"used","volumes":[{"name":"a","secret":{"secretName":"used"}},"""
                + """{"name":"b","configMap":{"name":"used"}},"""
                + """{"name":"c","azureFile":{"shareName":"s","secretName":"azure"}},"""
                + """{"name":"d","csi":{"driver":"x.example.com","nodePublishSecretRef":{"name":"csi"}}}]"""
        );
        foreach (var name in (string[])["azure", "csi"])
        {
            await api.CreateAsync(Core + "secrets", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
            Assert.Equal(200, await StatusAsync(api, "GET", $"{Core}secrets/{name}", N1));
        }

        foreach (var kind in (string[])["secrets", "configmaps"])
        {
            Assert.Equal(200, await StatusAsync(api, "GET", $"{Core}{kind}/used", N1));
            Assert.Equal(200, await StatusAsync(api, "GET", $"{Core}{kind}?fieldSelector=metadata.name%3Dused", N1));
            Assert.Equal(200, await StatusAsync(api, "GET", $"{Core}{kind}?watch=1&fieldSelector=metadata.name%3Dused", N1));
            Assert.Equal(403, await StatusAsync(api, "GET", $"{Core}{kind}/other", N1));
            Assert.Equal(403, await StatusAsync(api, "GET", $"{Core}{kind}?fieldSelector=metadata.name%3Dother", N1));
            Assert.Equal(403, await StatusAsync(api, "GET", $"{Core}{kind}/used", N2));
            Assert.Equal(403, await StatusAsync(api, "PATCH", $"{Core}{kind}/used", N1, "{}"));
        }
        Assert.Equal(200, await StatusAsync(api, "GET", Core + "serviceaccounts/used", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", Core + "serviceaccounts?fieldSelector=metadata.name%3Dused", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", Core + "serviceaccounts/other", N1));
        Assert.Equal(403, await StatusAsync(api, "POST", Core + "serviceaccounts/other/token", N1, """{"spec":{}}"""));
        Assert.Equal(403, await StatusAsync(api, "POST", Core + "serviceaccounts/used/token", N2, """{"spec":{}}"""));
    }

    [Fact]
    public async Task Volumes_are_read_by_the_nodes_of_their_claims()
    {
        await using var api = await StartAsync();
        foreach (var (claim, volume, secret) in new[] { ("mine", "pv1", "stage"), ("theirs", "pv2", "control") })
        {
            await api.CreateAsync(
                "/api/v1/persistentvolumes",
                $$$"""
                {"metadata":{"name":"{{{volume}}}"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],
                "claimRef":{"namespace":"default","name":"{{{claim}}}"},"csi":{"driver":"x.example.com","volumeHandle":"h",
                "nodeStageSecretRef":{"namespace":"kube-system","name":"{{{secret}}}"},
                "controllerExpandSecretRef":{"namespace":"kube-system","name":"expand"} } } }
                """
            );
            await api.CreateAsync(
                Core + "persistentvolumeclaims",
                $$$"""
                {"metadata":{"name":"{{{claim}}}"},"spec":{"accessModes":["ReadWriteOnce"],"volumeName":"{{{volume}}}",
                "resources":{"requests":{"storage":"1Gi"} } } }
                """
            );
            await api.CreateAsync("/api/v1/namespaces/kube-system/secrets", $$$"""{"metadata":{"name":"{{{secret}}}"}}""");
        }
        await api.CreateAsync("/api/v1/namespaces/kube-system/secrets", """{"metadata":{"name":"expand"}}""");
        await PodAsync(api, "p", "n1", ""","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"mine"}}]""");
        foreach (var node in (string[])["n1", "n2"])
        {
            await api.CreateAsync(
                "/apis/storage.k8s.io/v1/volumeattachments",
                $$$"""{"metadata":{"name":"at-{{{node}}}"},"spec":{"attacher":"x.example.com","nodeName":"{{{node}}}" """
                    + ""","source":{"persistentVolumeName":"pv1"}}}"""
            );
        }

        Assert.Equal(200, await StatusAsync(api, "GET", Core + "persistentvolumeclaims/mine", N1));
        Assert.Equal(200, await StatusAsync(api, "GET", "/api/v1/persistentvolumes/pv1", N1));
        Assert.Equal(200, await StatusAsync(api, "GET", "/api/v1/namespaces/kube-system/secrets/stage", N1));
        Assert.Equal(200, await StatusAsync(api, "GET", "/apis/storage.k8s.io/v1/volumeattachments/at-n1", N1));
        Assert.Equal(200, await StatusAsync(api, "PATCH", Core + "persistentvolumeclaims/mine/status", N1, "{}"));
        foreach (var (path, user) in new[] { ("mine", N2), ("theirs", N1) })
        {
            Assert.Equal(403, await StatusAsync(api, "GET", Core + "persistentvolumeclaims/" + path, user));
            Assert.Equal(403, await StatusAsync(api, "PATCH", $"{Core}persistentvolumeclaims/{path}/status", user, "{}"));
        }
        Assert.Equal(403, await StatusAsync(api, "GET", "/api/v1/persistentvolumes/pv1", N2));
        Assert.Equal(403, await StatusAsync(api, "GET", "/api/v1/persistentvolumes/pv2", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", "/api/v1/namespaces/kube-system/secrets/control", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", "/api/v1/namespaces/kube-system/secrets/expand", N1));
        Assert.Equal(403, await StatusAsync(api, "GET", "/apis/storage.k8s.io/v1/volumeattachments/at-n2", N1));
    }

    [Fact]
    public async Task Mirror_pods_are_made_by_agents_and_give_them_nothing()
    {
        await using var api = await StartAsync();
        var node = await api.JsonAsync(201, "POST", "/api/v1/nodes", """{"metadata":{"name":"n1"}}""", user: N1);
        string Mirror(string name, string on) =>
            $$$"""{"metadata":{"name":"{{{name}}}","annotations":{"kubernetes.io/config.mirror":"x"} """
            + ""","ownerReferences":[{"apiVersion":"v1" """
            + $$$""","kind":"Node","name":"n1","uid":"{{{node["metadata"]!["uid"]}}}","controller":true}]},"spec":{"nodeName":"{{{on}}}" """
            + ""","containers":[{"name":"c","image":"i"}]}}""";

        await api.JsonAsync(201, "POST", Core + "pods", Mirror("static-n1", "n1"), user: N1);
        await api.JsonAsync(403, "POST", Core + "pods", Mirror("static-n2", "n2"), user: N1);
        await api.JsonAsync(403, "POST", Core + "pods", """{"metadata":{"name":"x"},"spec":{"containers":[]}}""", user: N1);
        await api.JsonAsync(200, "GET", Core + "pods/static-n1", user: N1);
        await api.JsonAsync(403, "DELETE", Core + "pods/static-n1?gracePeriodSeconds=0", user: N2);
        await api.JsonAsync(200, "DELETE", Core + "pods/static-n1?gracePeriodSeconds=0", user: N1);
        // One that got in past admission names a secret in vain.
        await api.CreateAsync(Core + "secrets", """{"metadata":{"name":"s"}}""");
        foreach (var (mirror, status) in new[] { (true, 403), (false, 200) })
        {
            var pod = await PodAsync(api, "m", "n1", ""","volumes":[{"name":"a","secret":{"secretName":"s"}}]""");
            if (mirror)
            {
                pod["metadata"]!["annotations"] = new JsonObject { ["kubernetes.io/config.mirror"] = "x" };
                await api.Store.CommitAsync(
                    [StoreOperation.Put("/registry/core/pods/default/m", JsonBytes.Of(pod))],
                    TestContext.Current.CancellationToken
                );
                // A read waits until the cache shows the commit.
                await api.GetAsync(Core + "pods/m");
            }
            Assert.Equal(status, await StatusAsync(api, "GET", Core + "secrets/s", N1));
            await api.JsonAsync(200, "DELETE", Core + "pods/m?gracePeriodSeconds=0");
        }
    }

    [Fact]
    public async Task Other_nodes_are_out_of_reach_for_writes()
    {
        await using var api = await StartAsync();
        foreach (var user in (UserInfo[])[N1, N2])
        {
            await api.JsonAsync(201, "POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{user.Name[12..]}}}"}}""", user: user);
        }
        await PodAsync(api, "p2", "n2");
        const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        const string CsiNodes = "/apis/storage.k8s.io/v1/csinodes";

        await api.JsonAsync(403, "POST", "/api/v1/nodes", """{"metadata":{"name":"n3"}}""", user: N1);
        Assert.Equal(403, await StatusAsync(api, "PATCH", "/api/v1/nodes/n2", N1, """{"metadata":{"labels":{"a":"b"}}}"""));
        Assert.Equal(403, await StatusAsync(api, "PATCH", "/api/v1/nodes/n2/status", N1, """{"status":{"phase":"Running"}}"""));
        Assert.Equal(
            403,
            await StatusAsync(api, "PATCH", "/api/v1/nodes/n1", N1, """{"metadata":{"labels":{"node-restriction.kubernetes.io/a":"b"}}}""")
        );
        Assert.Equal(
            403,
            await StatusAsync(api, "PATCH", "/api/v1/nodes/n1", N1, """{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}""")
        );
        Assert.Equal(200, await StatusAsync(api, "PATCH", "/api/v1/nodes/n1", N1, """{"metadata":{"labels":{"a":"b"}}}"""));
        Assert.Equal(403, await StatusAsync(api, "PATCH", Core + "pods/p2/status", N1, """{"status":{"message":"x"}}"""));
        Assert.Equal(403, await StatusAsync(api, "POST", Core + "pods/p2/eviction", N1, """{"metadata":{"name":"p2"}}"""));
        Assert.Equal(201, await StatusAsync(api, "POST", Core + "pods/p2/eviction", N2, """{"metadata":{"name":"p2"}}"""));
        Assert.Equal(403, await StatusAsync(api, "POST", Leases, N1, """{"metadata":{"name":"n2"},"spec":{}}"""));
        Assert.Equal(201, await StatusAsync(api, "POST", Leases, N1, """{"metadata":{"name":"n1"},"spec":{}}"""));
        Assert.Equal(403, await StatusAsync(api, "DELETE", Leases + "/n1", N2));
        Assert.Equal(403, await StatusAsync(api, "POST", CsiNodes, N1, """{"metadata":{"name":"n2"},"spec":{"drivers":[]}}"""));
        Assert.Equal(201, await StatusAsync(api, "POST", CsiNodes, N1, """{"metadata":{"name":"n1"},"spec":{"drivers":[]}}"""));
        Assert.Equal(403, await StatusAsync(api, "DELETE", CsiNodes + "/n1", N2));
    }

    [Fact]
    public async Task Only_a_named_node_of_the_group_is_one()
    {
        await using var api = await StartAsync();
        UserInfo[] others =
        [
            new("system:node:", [UserInfo.NodesGroup, UserInfo.AuthenticatedGroup]),
            new("system:node:n1", [UserInfo.AuthenticatedGroup]),
            new("n1", [UserInfo.NodesGroup, UserInfo.AuthenticatedGroup]),
        ];
        foreach (var user in others)
        {
            Assert.Equal(403, await StatusAsync(api, "GET", "/api/v1/services", user));
        }
    }
}
