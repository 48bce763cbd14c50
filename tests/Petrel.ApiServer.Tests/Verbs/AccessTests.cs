using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Verbs;

public sealed class AccessTests
{
    private const string Pod = """{"metadata":{"name":"p"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}""";
    private static readonly UserInfo N1 = UserInfo.Node("n1");
    private static readonly UserInfo N2 = UserInfo.Node("n2");
    private static readonly UserInfo Somebody = new("jane", [UserInfo.AuthenticatedGroup]);

    [Theory]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    [InlineData("/healthz")]
    [InlineData("/readyz/ping")]
    [InlineData("/version")]
    public async Task Anybody_may_ask_how_the_server_is(string path)
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal(200, (await api.SendAsync("GET", path, user: UserInfo.Anonymous)).StatusCode);
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/api/v1/pods")]
    [InlineData("/openapi/v3")]
    public async Task Everything_else_needs_a_user(string path)
    {
        await using var api = await TestApi.StartAsync();

        var status = await api.JsonAsync(401, "GET", path, user: UserInfo.Anonymous);

        Assert.Equal("Unauthorized", (string?)status["reason"]);
    }

    [Theory]
    [InlineData("/version")]
    [InlineData("/version/")]
    [InlineData("/livez")]
    [InlineData("/readyz/ping")]
    public async Task Only_GET_is_open_to_all(string path)
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });
        foreach (var method in (string[])["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"])
        {
            Assert.Equal(401, (await api.SendAsync(method, path, user: UserInfo.Anonymous)).StatusCode);
            Assert.Equal(403, (await api.SendAsync(method, path, user: Somebody)).StatusCode);
        }
        Assert.Equal(200, (await api.SendAsync("GET", path, user: Somebody)).StatusCode);
    }

    [Theory]
    [InlineData("/version")]
    [InlineData("/readyz")]
    [InlineData("/metrics")]
    [InlineData("/api")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/openapi/v2")]
    [InlineData("/openapi/v3")]
    public async Task Paths_that_are_no_resources_answer_GET_alone(string path)
    {
        await using var api = await TestApi.StartAsync();

        foreach (var method in (string[])["POST", "PUT", "PATCH", "DELETE"])
        {
            Assert.Equal(405, (await api.SendAsync(method, path)).StatusCode);
        }
    }

    [Fact]
    public async Task Users_without_rights_may_only_look_around()
    {
        await using var api = await TestApi.StartAsync();

        await api.JsonAsync(200, "GET", "/apis", user: Somebody);
        var one = await api.JsonAsync(403, "GET", "/api/v1/namespaces/default/pods/p", user: Somebody);
        var all = await api.JsonAsync(403, "GET", "/apis/apps/v1/deployments", user: Somebody);
        var sub = await api.JsonAsync(403, "PUT", "/apis/apps/v1/namespaces/x/deployments/d/status", "{}", user: Somebody);

        Assert.Equal(
            "pods \"p\" is forbidden: User \"jane\" cannot get resource \"pods\" in API group \"\" in the namespace \"default\"",
            (string?)one["message"]
        );
        Assert.Equal(
            "deployments.apps is forbidden: User \"jane\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope",
            (string?)all["message"]
        );
        Assert.Equal(
            "deployments.apps \"d\" is forbidden: User \"jane\" cannot update resource \"deployments/status\" in API group "
                + "\"apps\" in the namespace \"x\"",
            (string?)sub["message"]
        );
        Assert.Equal("pods", (string?)one["details"]!["kind"]);
    }

    [Fact]
    public async Task An_agent_reaches_its_own_node_and_pods_and_no_others()
    {
        await using var api = await TestApi.StartAsync();

        await api.JsonAsync(201, "POST", "/api/v1/nodes", """{"metadata":{"name":"n1"}}""", user: N1);
        await api.JsonAsync(403, "POST", "/api/v1/nodes", """{"metadata":{"name":"n3"}}""", user: N1);
        await api.JsonAsync(
            200,
            "PATCH",
            "/api/v1/nodes/n1/status",
            """{"status":{"phase":"Running"}}""",
            "application/merge-patch+json",
            user: N1
        );
        await api.JsonAsync(403, "PATCH", "/api/v1/nodes/n1/status", "{}", "application/merge-patch+json", user: N2);
        await api.JsonAsync(403, "DELETE", "/api/v1/nodes/n1", user: N1);

        await api.CreateAsync("/api/v1/namespaces/default/pods", Pod);
        await api.JsonAsync(200, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", user: N1);
        await api.JsonAsync(403, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", user: N2);
        await api.JsonAsync(403, "GET", "/api/v1/pods", user: N1);
        await api.JsonAsync(200, "GET", "/api/v1/namespaces/default/pods/p", user: N1);
        await api.JsonAsync(403, "GET", "/api/v1/namespaces/default/pods/p", user: N2);
        await api.JsonAsync(
            200,
            "PATCH",
            "/api/v1/namespaces/default/pods/p/status",
            """{"status":{"podIP":"10.0.0.1"}}""",
            "application/merge-patch+json",
            user: N1
        );
        await api.JsonAsync(403, "PATCH", "/api/v1/namespaces/default/pods/p", "{}", "application/merge-patch+json", user: N1);
        await api.JsonAsync(403, "DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0", user: N2);
        await api.JsonAsync(200, "DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0", user: N1);

        const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        await api.JsonAsync(201, "POST", Leases, """{"metadata":{"name":"n1"},"spec":{}}""", user: N1);
        await api.JsonAsync(403, "PUT", Leases + "/n1", """{"metadata":{"name":"n1"},"spec":{}}""", user: N2);
        await api.JsonAsync(200, "GET", "/api/v1/services", user: N1);
        await api.JsonAsync(403, "POST", "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"}}""", user: N1);
    }

    [Fact]
    public async Task Health_can_be_asked_check_by_check()
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal("ok", (await api.SendAsync("GET", "/readyz")).BodyText);
        Assert.EndsWith("readyz check passed\n", (await api.SendAsync("GET", "/readyz?verbose")).BodyText, StringComparison.Ordinal);
        Assert.Contains("[+]store ok\n", (await api.SendAsync("GET", "/readyz?verbose")).BodyText, StringComparison.Ordinal);
        Assert.Equal(404, (await api.SendAsync("GET", "/readyz/nothing")).StatusCode);
        var version = await api.GetAsync("/version");
        Assert.Equal("35", (string?)version["minor"]);
        Assert.StartsWith("v1.35.0+petrel-", (string?)version["gitVersion"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_served_is_said_to_be_so()
    {
        await using var api = await TestApi.StartAsync();

        var kind = await api.JsonAsync(404, "GET", "/apis/example.com/v1/widgets");
        await api.JsonAsync(404, "GET", "/nowhere");
        await api.JsonAsync(404, "GET", "/api/v1/namespaces/default/pods/p/teleport");
        await api.JsonAsync(405, "DELETE", "/api/v1/namespaces");
        await api.JsonAsync(405, "POST", "/api/v1/namespaces/default/configmaps/a", "{}");
        await api.JsonAsync(404, "GET", "/api/v1/namespaces/default/nodes");

        Assert.Equal("the server could not find the requested resource", (string?)kind["message"]);
        Assert.Equal("PodList", (string?)(await api.GetAsync("/api/v1/pods"))["kind"]);
        Assert.Equal("APIResourceList", (string?)(await api.GetAsync("/api/v1"))["kind"]);
        Assert.NotNull((await api.GetAsync("/openapi/v3"))["paths"]!["apis/apps/v1"]);
    }
}
