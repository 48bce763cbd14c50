using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Authorization;

/// <summary>Nobody gets more rights out of roles and bindings than they hold.</summary>
public sealed class EscalationTests
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";
    private const string Roles = Rbac + "/clusterroles";
    private const string Merge = "application/merge-patch+json";
    private const string Apply = "application/apply-patch+yaml";
    private const string ToView = "rbac.authorization.k8s.io/aggregate-to-view";

    private static readonly UserInfo Jane = new("jane", [UserInfo.AuthenticatedGroup]);

    // Jane may write all roles and bindings, and holds view.
    private static async Task<TestApi> StartAsync(string verbs = "", string names = "")
    {
        var api = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });
        await api.CreateAsync(
            Roles,
            """{"metadata":{"name":"writer"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["*"],"verbs":"""
                + """["get","list","create","update","patch","delete"]}"""
                + (
                    verbs.Length == 0
                        ? ""
                        : """,{"resources":["*"],"apiGroups":["rbac.authorization.k8s.io"]"""
                            + $$$""","resourceNames":[{{{names}}}],"verbs":[{{{verbs}}}]}"""
                )
                + "]}"
        );
        foreach (var role in (string[])["writer", "view"])
        {
            await api.CreateAsync($"{Rbac}/clusterrolebindings", Binding($"jane-{role}", "ClusterRole", role, "jane"));
        }
        return api;
    }

    private static string Binding(string name, string kind, string role, string user) =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{{kind}}}" """
        + $$$""","name":"{{{role}}}"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{{user}}}"}]}""";

    private static string Label(string value) => $$"""{"metadata":{"labels":{"{{ToView}}":"{{value}}"} } }""";

    [Theory]
    [InlineData(Merge, """{"metadata":{"labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}}}""")]
    [InlineData(
        "application/strategic-merge-patch+json",
        """{"metadata":{"labels":{"rbac.authorization.k8s.io/aggregate-to-view":"true"}}}"""
    )]
    [InlineData(
        "application/json-patch+json",
        """[{"op":"add","path":"/metadata/labels/rbac.authorization.k8s.io~1aggregate-to-view","value":"true"}]"""
    )]
    [InlineData(
        Apply,
        """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cluster-admin","labels":"""
            + """{"rbac.authorization.k8s.io/aggregate-to-view":"true"}}}"""
    )]
    public async Task Labels_do_not_pass_on_rules_that_their_author_lacks(string type, string patch)
    {
        await using var api = await StartAsync();
        var query = type == Apply ? "?fieldManager=jane" : "";
        foreach (var dryRun in (string[])["", "dryRun=All"])
        {
            var target = $"{Roles}/cluster-admin{query}{(dryRun.Length == 0 ? "" : (query.Length == 0 ? "?" : "&") + dryRun)}";
            var status = await api.JsonAsync(403, "PATCH", target, patch, type, user: Jane);

            Assert.Contains(
                "is attempting to grant RBAC permissions not currently held",
                (string?)status["message"],
                StringComparison.Ordinal
            );
        }

        var admin = await api.GetAsync($"{Roles}/cluster-admin");
        Assert.Null(admin["metadata"]!["labels"]![ToView]);
        // A PUT of the same change, and any other change of a role whose rules she lacks.
        admin["metadata"]!["labels"]![ToView] = "true";
        await api.JsonAsync(403, "PUT", $"{Roles}/cluster-admin", admin.ToJsonString(), user: Jane);
        await api.JsonAsync(403, "PATCH", $"{Roles}/cluster-admin", """{"metadata":{"annotations":{"a":"b"}}}""", Merge, user: Jane);
        await api.JsonAsync(403, "GET", "/api/v1/secrets", user: Jane);
    }

    [Fact]
    public async Task The_collectors_fields_and_no_change_need_no_rights_of_the_role()
    {
        await using var api = await StartAsync();

        await api.JsonAsync(200, "PATCH", $"{Roles}/edit", "{}", Merge, user: Jane);
        await api.JsonAsync(200, "PATCH", $"{Roles}/edit", """{"metadata":{"finalizers":["example.com/x"]}}""", Merge, user: Jane);
        await api.JsonAsync(
            200,
            "PATCH",
            $"{Roles}/edit",
            """{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"u"}]}}""",
            Merge,
            user: Jane
        );
        await api.JsonAsync(200, "PATCH", $"{Roles}/edit", """{"metadata":{"finalizers":null}}""", Merge, user: Jane);
        // And a role whose rules she holds takes any label.
        await api.JsonAsync(
            201,
            "POST",
            Roles,
            """{"metadata":{"name":"pods"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}""",
            user: Jane
        );
        await api.JsonAsync(200, "PATCH", $"{Roles}/pods", Label("true"), Merge, user: Jane);
    }

    [Fact]
    public async Task Aggregation_rules_need_all_rights()
    {
        await using var api = await StartAsync();
        const string Rule = """{"clusterRoleSelectors":[{"matchLabels":{"x":"y"}}]}""";
        const string Why = "must have cluster-admin privileges to use the aggregationRule";

        var created = await api.JsonAsync(
            403,
            "POST",
            Roles,
            $$$"""{"metadata":{"name":"mine"},"aggregationRule":{{{Rule}}},"rules":[]}""",
            user: Jane
        );
        await api.JsonAsync(201, "POST", Roles, """{"metadata":{"name":"mine"},"rules":[]}""", user: Jane);
        var set = await api.JsonAsync(403, "PATCH", $"{Roles}/mine", $$"""{"aggregationRule":{{Rule}} }""", Merge, user: Jane);
        // Removing one would keep what was gathered from being tightened.
        var removed = await api.JsonAsync(403, "PATCH", $"{Roles}/view", """{"aggregationRule":null}""", Merge, user: Jane);
        var labeled = await api.JsonAsync(403, "PATCH", $"{Roles}/view", """{"metadata":{"labels":{"x":"y"}}}""", Merge, user: Jane);

        Assert.All([created, set, removed, labeled], s => Assert.EndsWith(Why, (string?)s["message"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_right_to_escalate_one_role_ends_where_others_gather_it()
    {
        await using var api = await StartAsync("\"escalate\"", "\"mine\"");
        const string Everything = """[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]""";

        await api.JsonAsync(201, "POST", Roles, $$$"""{"metadata":{"name":"mine"},"rules":{{{Everything}}} }""", user: Jane);
        var status = await api.JsonAsync(403, "PATCH", $"{Roles}/mine", Label("true"), Merge, user: Jane);
        await api.JsonAsync(403, "POST", Roles, $$$"""{"metadata":{"name":"other"},"rules":{{{Everything}}} }""", user: Jane);

        Assert.Contains("through the aggregated ClusterRole \"view\"", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_right_to_escalate_all_roles_is_enough()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(
            Roles,
            """{"metadata":{"name":"any"},"rules":[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"]"""
                + ""","verbs":["escalate"]}]}"""
        );
        await api.CreateAsync($"{Rbac}/clusterrolebindings", Binding("jane-any", "ClusterRole", "any", "jane"));

        await api.JsonAsync(200, "PATCH", $"{Roles}/cluster-admin", Label("true"), Merge, user: Jane);
        await api.JsonAsync(200, "PATCH", $"{Roles}/view", """{"metadata":{"annotations":{"a":"b"}}}""", Merge, user: Jane);
    }

    [Fact]
    public async Task Bindings_are_judged_at_every_change()
    {
        await using var api = await StartAsync();
        const string Bindings = Rbac + "/clusterrolebindings";
        await api.CreateAsync(Bindings, Binding("admins", "ClusterRole", "cluster-admin", "joe"));
        const string Subjects = """{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"jane"}]}""";

        await api.JsonAsync(403, "PATCH", Bindings + "/admins", Subjects, Merge, user: Jane);
        await api.JsonAsync(403, "PATCH", Bindings + "/admins", """{"metadata":{"labels":{"a":"b"}}}""", Merge, user: Jane);
        await api.JsonAsync(403, "POST", Bindings, Binding("mine", "ClusterRole", "cluster-admin", "jane"), user: Jane);
        await api.JsonAsync(403, "POST", Bindings + "?dryRun=All", Binding("mine", "ClusterRole", "edit", "jane"), user: Jane);
        await api.JsonAsync(
            403,
            "POST",
            Rbac + "/namespaces/default/rolebindings",
            Binding("mine", "ClusterRole", "cluster-admin", "jane"),
            user: Jane
        );
        await api.JsonAsync(404, "POST", Bindings, Binding("mine", "ClusterRole", "absent", "jane"), user: Jane);
        await api.JsonAsync(201, "POST", Bindings, Binding("mine", "ClusterRole", "view", "joe"), user: Jane);
        // The role of a binding stays.
        var moved = await api.JsonAsync(422, "PUT", Bindings + "/mine", Binding("mine", "ClusterRole", "writer", "joe"), user: Jane);

        Assert.Contains("cannot change roleRef", (string?)moved["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_apply_or_update_that_creates_needs_the_right_to_create()
    {
        await using var api = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true });
        await api.CreateAsync(
            Roles,
            """{"metadata":{"name":"changer"},"rules":[{"apiGroups":["*"],"resources":["configmaps","leases"]"""
                + ""","verbs":["update","patch"]}]}"""
        );
        await api.CreateAsync($"{Rbac}/clusterrolebindings", Binding("changer", "ClusterRole", "changer", "jane"));
        const string Map = "/api/v1/namespaces/default/configmaps/a?fieldManager=jane";
        const string Body = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""";
        const string Lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";

        var status = await api.JsonAsync(403, "PATCH", Map, Body, Apply, user: Jane);
        await api.JsonAsync(403, "PUT", Lease, """{"metadata":{"name":"l"},"spec":{}}""", user: Jane);
        await api.CreateAsync("/api/v1/namespaces/default/configmaps", Body);
        await api.JsonAsync(200, "PATCH", Map, Body, Apply, user: Jane);

        Assert.Contains("cannot create resource \"configmaps\"", (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_user_and_another_accounts_token_need_rights_of_their_own()
    {
        await using var api = await StartAsync();
        await api.CreateAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"robot"}}""");

        async Task<int> AsAsync(Impersonation who) =>
            (await api.SendAsync("GET", "/api/v1/namespaces/default/pods", user: Jane, impersonation: who)).StatusCode;
        Assert.Equal(403, await AsAsync(new Impersonation("joe", [], "", [])));
        Assert.Equal(403, await AsAsync(new Impersonation("jane", [UserInfo.MastersGroup], "", [])));
        await api.JsonAsync(403, "POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", """{"spec":{}}""", user: Jane);
    }

    [Fact]
    public async Task Refusals_list_a_rule_for_each_resource()
    {
        await using var api = await StartAsync();

        var status = await api.JsonAsync(
            403,
            "POST",
            Rbac + "/namespaces/default/roles",
            """
            {"metadata":{"name":"x"},"rules":[{"apiGroups":[""],"resources":["nodes","secrets"],"verbs":["get","list"]},
            {"apiGroups":[""],"resources":["secrets"],"resourceNames":["a","b"],"verbs":["delete"]},
            {"apiGroups":[""],"resources":["pods"],"verbs":["get","delete"]}]}
            """,
            user: Jane
        );

        Assert.EndsWith(
            """
            is attempting to grant RBAC permissions not currently held:
            {APIGroups:[""], Resources:["nodes"], Verbs:["get" "list"]}
            {APIGroups:[""], Resources:["pods"], Verbs:["delete"]}
            {APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["delete"]}
            {APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["delete"]}
            {APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}
            """,
            (string?)status["message"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Rules_with_names_allow_lists_and_watches_of_those_names()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(
            Roles,
            """{"metadata":{"name":"one"},"rules":[{"apiGroups":[""],"resources":["secrets"],"resourceNames":["a"]"""
                + ""","verbs":["list","watch","deletecollection"]}]}"""
        );
        await api.CreateAsync($"{Rbac}/clusterrolebindings", Binding("one", "ClusterRole", "one", "jane"));
        const string Secrets = "/api/v1/namespaces/default/secrets";
        foreach (var name in (string[])["a", "b"])
        {
            await api.CreateAsync(Secrets, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }

        var list = await api.JsonAsync(200, "GET", Secrets + "?fieldSelector=metadata.name%3Da", user: Jane);
        await api.JsonAsync(200, "GET", Secrets + "?fieldSelector=type%3DOpaque,metadata.name%3D%3Da", user: Jane);
        Assert.Equal(200, (await api.SendAsync("GET", Secrets + "?watch=1&fieldSelector=metadata.name%3Da", user: Jane)).StatusCode);
        var other = await api.JsonAsync(403, "GET", Secrets + "?fieldSelector=metadata.name%3Db", user: Jane);
        await api.JsonAsync(403, "GET", Secrets + "?fieldSelector=metadata.name!%3Da", user: Jane);
        await api.JsonAsync(403, "GET", Secrets + "?watch=1", user: Jane);
        await api.JsonAsync(403, "DELETE", Secrets + "?fieldSelector=metadata.name%3Da", user: Jane);

        Assert.Equal("a", (string?)Assert.Single(list["items"]!.AsArray())!["metadata"]!["name"]);
        Assert.StartsWith("secrets \"b\" is forbidden: ", (string?)other["message"], StringComparison.Ordinal);
    }
}
