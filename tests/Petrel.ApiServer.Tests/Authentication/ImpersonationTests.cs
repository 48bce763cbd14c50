using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Authentication;

public sealed class ImpersonationTests
{
    private static readonly UserInfo Jane = new("jane", [UserInfo.AuthenticatedGroup]);

    [Theory]
    [InlineData("bob", "", "bob", "system:authenticated")]
    [InlineData("bob", "devs", "bob", "devs system:authenticated")]
    [InlineData("bob", "system:authenticated devs", "bob", "system:authenticated devs")]
    [InlineData(
        "system:serviceaccount:default:builder",
        "",
        "system:serviceaccount:default:builder",
        "system:serviceaccounts system:serviceaccounts:default system:authenticated"
    )]
    [InlineData("system:serviceaccount:default:builder", "devs", "system:serviceaccount:default:builder", "devs system:authenticated")]
    [InlineData("system:anonymous", "", "system:anonymous", "system:unauthenticated")]
    public async Task The_one_acted_for_is_in_the_groups_that_upstream_puts_it_in(string user, string groups, string name, string expected)
    {
        await using var api = await TokenWorld.StartAsync();
        // SelfSubjectReview is allowed to authenticated users only.
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            """{"metadata":{"name":"all"},"roleRef":"""
                + """{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:basic-user"},"subjects":["""
                + """{"kind":"Group","name":"system:unauthenticated"}]}"""
        );

        var info = await WhoAsync(api, For(user, groups.Split(' ', StringSplitOptions.RemoveEmptyEntries)), null);

        Assert.Equal(name, (string?)info["username"]);
        Assert.Equal(expected.Split(' '), info["groups"]!.AsArray().Select(g => (string?)g));
    }

    [Fact]
    public async Task The_rights_are_those_of_the_one_acted_for()
    {
        await using var api = await TokenWorld.StartAsync();

        var refused = await api.SendAsync("GET", "/api/v1/namespaces/default/secrets", impersonation: For("bob"));

        Assert.Equal(403, refused.StatusCode);
        Assert.Contains("User \\\"bob\\\" cannot list resource \\\"secrets\\\"", refused.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_part_of_an_identity_needs_its_right()
    {
        await using var api = await TokenWorld.StartAsync();
        var all = new Impersonation("bob", ["devs"], "42", [new("scopes", ["view"])]);

        await RefusedAsync(
            api,
            all,
            "users \"bob\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
        );
        await GrantAsync(api, "1", """{"apiGroups":[""],"resources":["users"],"resourceNames":["bob"],"verbs":["impersonate"]}""");
        await RefusedAsync(
            api,
            all,
            "groups \"devs\" is forbidden: User \"jane\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope"
        );
        await GrantAsync(api, "2", """{"apiGroups":[""],"resources":["groups"],"verbs":["impersonate"]}""");
        await RefusedAsync(
            api,
            all,
            "userextras.authentication.k8s.io \"view\" is forbidden: User \"jane\" cannot impersonate resource "
                + "\"userextras/scopes\" in API group \"authentication.k8s.io\" at the cluster scope"
        );
        await GrantAsync(
            api,
            "3",
            """{"apiGroups":["authentication.k8s.io"],"resources":["userextras/scopes"],"resourceNames":["view"],"verbs":["impersonate"]}"""
        );
        await RefusedAsync(
            api,
            all,
            "uids.authentication.k8s.io \"42\" is forbidden: User \"jane\" cannot impersonate resource \"uids\" in API group "
                + "\"authentication.k8s.io\" at the cluster scope"
        );
        await GrantAsync(api, "4", """{"apiGroups":["authentication.k8s.io"],"resources":["uids"],"verbs":["impersonate"]}""");

        var info = await WhoAsync(api, all, Jane);
        Assert.Equal(("bob", "42", "view"), ((string?)info["username"], (string?)info["uid"], (string?)info["extra"]!["scopes"]![0]));
        await RefusedAsync(api, For("eve"), "users \"eve\" is forbidden");
    }

    [Fact]
    public async Task A_service_account_is_acted_for_by_a_right_in_its_namespace()
    {
        await using var api = await TokenWorld.StartAsync();
        var builder = For("system:serviceaccount:default:builder");
        await RefusedAsync(
            api,
            builder,
            "serviceaccounts \"builder\" is forbidden: User \"jane\" cannot impersonate resource \"serviceaccounts\" in API "
                + "group \"\" in the namespace \"default\""
        );

        await GrantAsync(api, "1", """{"apiGroups":[""],"resources":["serviceaccounts"],"verbs":["impersonate"]}""");

        Assert.Equal("system:serviceaccount:default:builder", (string?)(await WhoAsync(api, builder, Jane))["username"]);
    }

    [Fact]
    public async Task Groups_without_a_user_are_an_error()
    {
        await using var api = await TokenWorld.StartAsync();

        Assert.Equal(500, (await api.SendAsync("GET", "/api/v1/pods", impersonation: For("", "devs"))).StatusCode);
    }

    [Fact]
    public async Task A_token_may_act_for_others_like_a_certificate()
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync();
        Assert.Equal("403", await api.WhoAsync(token, For("bob")));

        await GrantAsync(
            api,
            "1",
            """{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"]}""",
            "system:serviceaccount:default:builder"
        );

        Assert.Equal("bob", await api.WhoAsync(token, For("bob")));
    }

    private static Impersonation For(string user, params string[] groups) => new(user, groups, "", []);

    private static async Task<JsonNode> WhoAsync(TestApi api, Impersonation impersonation, UserInfo? user)
    {
        var response = await api.SendAsync(
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            "{}",
            user: user,
            impersonation: impersonation
        );
        Assert.True(response.StatusCode == 201, response.BodyText);
        return JsonNode.Parse(response.Body.Span)!["status"]!["userInfo"]!;
    }

    private static async Task RefusedAsync(TestApi api, Impersonation impersonation, string message)
    {
        var response = await api.SendAsync("GET", "/api/v1/pods", user: Jane, impersonation: impersonation);
        Assert.Equal(403, response.StatusCode);
        Assert.StartsWith(message, (string?)JsonNode.Parse(response.Body.Span)!["message"], StringComparison.Ordinal);
    }

    private static async Task GrantAsync(TestApi api, string name, string rule, string user = "jane")
    {
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            $$"""{"metadata":{"name":"{{name}}"},"rules":[{{rule}}]}"""
        );
        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            $$$"""{"metadata":{"name":"{{{name}}}"},"roleRef":"""
                + $$$"""{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{name}}}"}"""
                + $$$""","subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{{{user}}}"}]}"""
        );
    }
}
