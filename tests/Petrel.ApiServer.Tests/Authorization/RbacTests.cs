using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Authorization;

public sealed class RbacTests
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Pods = "/api/v1/namespaces/default/pods";

    private static readonly UserInfo Jane = new("jane", ["developers", UserInfo.AuthenticatedGroup]);

    private static Task<TestApi> StartAsync() => TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });

    private static Task<JsonObject> RoleAsync(TestApi api, string name, string rules) =>
        api.CreateAsync($"{Rbac}/namespaces/default/roles", $$$"""{"metadata":{"name":"{{{name}}}"},"rules":{{{rules}}}}""");

    private static Task<JsonObject> BindAsync(TestApi api, string role, string subject, string kind = "Role") =>
        api.CreateAsync(
            $"{Rbac}/namespaces/default/rolebindings",
            $$$"""{"metadata":{"name":"b-{{{role}}}"},"roleRef":{"kind":"{{{kind}}}","name":"{{{role}}}"},"subjects":[{{{subject}}}]}"""
        );

    private static Task<JsonObject> BindEverywhereAsync(TestApi api, string role, string user) =>
        api.CreateAsync(
            $"{Rbac}/clusterrolebindings",
            $$$"""{"metadata":{"name":"c-{{{role}}}-{{{user}}}"},"roleRef":{"kind":"ClusterRole","name":"{{{role}}}"}"""
                + $$$""","subjects":[{"kind":"User","name":"{{{user}}}"}]}"""
        );

    private static async Task<bool> CanAsync(TestApi api, UserInfo user, string attributes)
    {
        var review = await api.JsonAsync(
            201,
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            $$$"""{"spec":{"resourceAttributes":{{{attributes}}}}}""",
            user: user
        );
        return (bool)review["status"]!["allowed"]!;
    }

    [Fact]
    public async Task A_role_counts_where_it_is_bound()
    {
        await using var api = await StartAsync();
        await api.JsonAsync(403, "GET", Pods, user: Jane);
        await RoleAsync(api, "reader", """[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]}]""");
        await BindAsync(api, "reader", """{"kind":"User","name":"jane"}""");

        await api.JsonAsync(200, "GET", Pods, user: Jane);
        await api.JsonAsync(403, "GET", "/api/v1/pods", user: Jane);
        await api.JsonAsync(403, "GET", "/api/v1/namespaces/kube-system/pods", user: Jane);
        await api.JsonAsync(403, "DELETE", Pods, user: Jane);
        await api.JsonAsync(403, "GET", "/api/v1/namespaces/default/secrets", user: Jane);
    }

    [Theory]
    [InlineData("""{"kind":"Group","name":"developers"}""")]
    [InlineData("""{"kind":"User","name":"jane"}""")]
    public async Task Subjects_are_users_and_groups(string subject)
    {
        await using var api = await StartAsync();
        await BindAsync(api, "view", subject, "ClusterRole");

        await api.JsonAsync(200, "GET", Pods, user: Jane);
        await api.JsonAsync(403, "GET", "/api/v1/namespaces/default/secrets", user: Jane);
    }

    [Fact]
    public async Task A_service_account_is_a_subject_of_its_namespace()
    {
        await using var api = await StartAsync();
        await BindAsync(api, "edit", """{"kind":"ServiceAccount","name":"robot","namespace":"default"}""", "ClusterRole");
        var robot = new UserInfo("system:serviceaccount:default:robot", ["system:serviceaccounts", UserInfo.AuthenticatedGroup]);

        await api.JsonAsync(201, "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"x"}}""", user: robot);
        await api.JsonAsync(403, "POST", $"{Rbac}/namespaces/default/roles", """{"metadata":{"name":"x"},"rules":[]}""", user: robot);
    }

    [Fact]
    public async Task A_binding_of_nothing_is_told()
    {
        await using var api = await StartAsync();
        await BindAsync(api, "absent", """{"kind":"User","name":"jane"}""");

        var status = await api.JsonAsync(403, "GET", Pods, user: Jane);

        Assert.EndsWith(
            "in the namespace \"default\": RBAC: role.rbac.authorization.k8s.io \"absent\" not found",
            (string?)status["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Everybody_may_look_around_and_ask_and_nothing_more()
    {
        await using var api = await StartAsync();

        await api.JsonAsync(200, "GET", "/apis", user: Jane);
        await api.JsonAsync(200, "GET", "/openapi/v3", user: Jane);
        Assert.Equal(403, (await api.SendAsync("GET", "/metrics", user: Jane)).StatusCode);
        var me = await api.JsonAsync(201, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", user: Jane);
        Assert.Equal("jane", (string?)me["status"]!["userInfo"]!["username"]);
        Assert.False(await CanAsync(api, Jane, """{"verb":"create","resource":"pods","namespace":"default"}"""));
        await BindEverywhereAsync(api, "system:monitoring", "jane");
        Assert.Equal(200, (await api.SendAsync("GET", "/metrics", user: Jane)).StatusCode);
    }

    [Fact]
    public async Task Reviews_answer_for_others_and_list_rules()
    {
        await using var api = await StartAsync();
        await BindAsync(api, "view", """{"kind":"User","name":"jane"}""", "ClusterRole");

        async Task<bool> Jane_may(string verb) =>
            (bool)
                (
                    await api.CreateAsync(
                        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                        $$$"""{"spec":{"user":"jane","resourceAttributes":"""
                            + $$$"""{"namespace":"default","verb":"{{{verb}}}","resource":"pods"} } }"""
                    )
                )["status"]!["allowed"]!;
        Assert.True(await Jane_may("list"));
        Assert.False(await Jane_may("create"));

        var rules = await api.JsonAsync(
            201,
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            """{"spec":{"namespace":"default"}}""",
            user: Jane
        );
        Assert.Contains(rules["status"]!["resourceRules"]!.AsArray(), r => r!["resources"]!.AsArray().Any(x => (string?)x == "pods"));
        Assert.Contains(rules["status"]!["nonResourceRules"]!.AsArray(), r =>
            r!["nonResourceURLs"]!.AsArray().Any(x => (string?)x == "/apis")
        );
        await api.JsonAsync(
            403,
            "POST",
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            """{"spec":{"user":"x","nonResourceAttributes":{"path":"/","verb":"get"}}}""",
            user: Jane
        );
    }

    [Fact]
    public async Task Nobody_gives_away_more_than_they_have()
    {
        await using var api = await StartAsync();
        await BindAsync(api, "admin", """{"kind":"User","name":"jane"}""", "ClusterRole");

        await api.JsonAsync(
            201,
            "POST",
            $"{Rbac}/namespaces/default/roles",
            """{"metadata":{"name":"ok"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}""",
            user: Jane
        );
        var role = await api.JsonAsync(
            403,
            "POST",
            $"{Rbac}/namespaces/default/roles",
            """{"metadata":{"name":"too-much"},"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["get"]}]}""",
            user: Jane
        );
        var binding = await api.JsonAsync(
            403,
            "POST",
            $"{Rbac}/namespaces/default/rolebindings",
            """{"metadata":{"name":"x"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":["""
                + """{"kind":"User","name":"jane"}]}""",
            user: Jane
        );

        Assert.Contains(
            "user \"jane\" (groups=[\"developers\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
                + "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}",
            (string?)role["message"],
            StringComparison.Ordinal
        );
        Assert.Contains("Verbs:[\"*\"]", (string?)binding["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rights_to_escalate_and_to_bind_are_rights_of_their_own()
    {
        await using var api = await StartAsync();
        await RoleAsync(
            api,
            "author",
            """[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"],"verbs":"""
                + """["create","escalate"]},{"apiGroups":["rbac.authorization.k8s.io"],"resources":"""
                + """["clusterroles"],"resourceNames":["view"],"verbs":["bind"]}]"""
        );
        await BindAsync(api, "author", """{"kind":"User","name":"jane"}""");

        await api.JsonAsync(
            201,
            "POST",
            $"{Rbac}/namespaces/default/roles",
            """{"metadata":{"name":"much"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}""",
            user: Jane
        );
        string Bind(string role) =>
            $$$"""{"metadata":{"name":"x-{{{role}}}"},"roleRef":{"kind":"ClusterRole","name":"{{{role}}}"},"subjects":"""
            + $$$"""[{"kind":"User","name":"joe"}]}""";
        await api.JsonAsync(201, "POST", $"{Rbac}/namespaces/default/rolebindings", Bind("view"), user: Jane);
        await api.JsonAsync(403, "POST", $"{Rbac}/namespaces/default/rolebindings", Bind("edit"), user: Jane);
    }

    [Fact]
    public async Task Roles_gather_those_of_others()
    {
        await using var api = await StartAsync();
        var admin = await api.GetAsync($"{Rbac}/clusterroles/admin");
        Assert.Contains(admin["rules"]!.AsArray(), r => r!["resources"]!.AsArray().Any(x => (string?)x == "secrets"));
        await BindAsync(api, "view", """{"kind":"User","name":"jane"}""", "ClusterRole");

        await api.CreateAsync(
            $"{Rbac}/clusterroles",
            """{"metadata":{"name":"widgets","labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}},"rules":["""
                + """{"apiGroups":["example.com"],"resources":["widgets"],"verbs":["get"]}]}"""
        );

        await using var watch = await api.WatchAsync($"{Rbac}/clusterroles?watch=1&fieldSelector=metadata.name%3Dview");
        while (!(await watch.NextAsync())!.ToJsonString().Contains("example.com", StringComparison.Ordinal)) { }
        Assert.True(await CanAsync(api, Jane, """{"verb":"get","group":"example.com","resource":"widgets","namespace":"default"}"""));
    }

    [Fact]
    public async Task Controllers_have_roles_of_their_own_bound_to_their_accounts()
    {
        await using var api = await StartAsync();
        var role = await api.GetAsync("/apis/rbac.authorization.k8s.io/v1/clusterroles/system:controller:job-controller");
        Assert.Equal(
            """{"verbs":["get","list","patch","update","watch"],"apiGroups":["batch"],"resources":["jobs"]}""",
            new JsonObject(
                role["rules"]![0]!
                    .AsObject()
                    .OrderByDescending(m => m.Key.Length == 5)
                    .ThenBy(m => m.Key, StringComparer.Ordinal)
                    .Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))
            ).ToJsonString()
        );
        Assert.Equal("rbac-defaults", (string?)role["metadata"]!["labels"]!["kubernetes.io/bootstrapping"]);
        var account = new UserInfo(
            "system:serviceaccount:kube-system:job-controller",
            ["system:serviceaccounts", "system:serviceaccounts:kube-system", UserInfo.AuthenticatedGroup]
        );
        Assert.Equal(200, (await api.SendAsync("GET", "/apis/batch/v1/jobs", user: account)).StatusCode);
        Assert.Equal(403, (await api.SendAsync("GET", "/api/v1/secrets", user: account)).StatusCode);

        var reader = await api.GetAsync(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings/system::extension-apiserver-authentication-reader"
        );
        Assert.Equal("extension-apiserver-authentication-reader", (string?)reader["roleRef"]!["name"]);
        Assert.Equal("Role", (string?)reader["roleRef"]!["kind"]);
        await api.JsonAsync(
            404,
            "GET",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/system::extension-apiserver-authentication-reader"
        );
        var signer = await api.GetAsync(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-public/roles/system:controller:bootstrap-signer"
        );
        Assert.Equal("cluster-info", (string?)signer["rules"]![1]!["resourceNames"]![0]);
    }

    [Fact]
    public async Task Default_roles_are_mended_at_the_start_and_additions_stay()
    {
        var first = await StartAsync();
        await first.JsonAsync(
            200,
            "PATCH",
            $"{Rbac}/clusterroles/system:basic-user",
            """{"rules":[{"apiGroups":["example.com"],"resources":["x"],"verbs":["get"]}]}""",
            "application/merge-patch+json"
        );
        await first.JsonAsync(
            200,
            "PATCH",
            $"{Rbac}/clusterroles/system:discovery",
            """{"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}},"rules":[]}""",
            "application/merge-patch+json"
        );
        first.KeepStore();
        await first.DisposeAsync();

        await using var second = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true }, store: first.Store);
        var mended = await second.GetAsync($"{Rbac}/clusterroles/system:basic-user");
        var own = await second.GetAsync($"{Rbac}/clusterroles/system:discovery");

        Assert.Contains("example.com", mended["rules"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("selfsubjectreviews", mended["rules"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Null(own["rules"]);
        Assert.Equal("rbac-defaults", (string?)mended["metadata"]!["labels"]!["kubernetes.io/bootstrapping"]);
    }

    [Fact]
    public async Task A_node_reads_what_its_pods_name_and_nothing_else()
    {
        await using var api = await StartAsync();
        foreach (var name in new[] { "used", "mounted", "other" })
        {
            await api.CreateAsync("/api/v1/namespaces/default/secrets", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }
        await api.CreateAsync(
            Pods,
            """
            {"metadata":{"name":"p"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","env":[{"name":"X",
            "valueFrom":{"secretKeyRef":{"name":"used","key":"k"}}}]}],
            "volumes":[{"name":"v","secret":{"secretName":"mounted"}}]}}
            """
        );
        var (n1, n2) = (UserInfo.Node("n1"), UserInfo.Node("n2"));
        const string Secrets = "/api/v1/namespaces/default/secrets";

        await api.JsonAsync(200, "GET", Secrets + "/used", user: n1);
        await api.JsonAsync(200, "GET", Secrets + "/mounted", user: n1);
        await api.JsonAsync(200, "GET", Secrets + "?fieldSelector=metadata.name%3Dused", user: n1);
        await api.JsonAsync(403, "GET", Secrets + "/other", user: n1);
        await api.JsonAsync(403, "GET", Secrets, user: n1);
        await api.JsonAsync(403, "GET", Secrets + "/used", user: n2);
    }
}
