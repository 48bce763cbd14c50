using CsCheck;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Requests;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Authorization;

public sealed class PolicyRuleTests
{
    private static readonly string[] Verbs = ["get", "list", "*"];
    private static readonly string[] Groups = ["", "apps", "*"];
    private static readonly string[] Resources = ["pods", "pods/log", "*/scale", "deployments", "deployments/scale", "*"];
    private static readonly string[] Names = ["a", "b"];
    private static readonly string[] Urls = ["/healthz", "/healthz/*", "/metrics", "*"];

    private static readonly Gen<PolicyRule> Rules = Gen.Select(
        Some(Verbs),
        Some(Groups),
        Some(Resources),
        Gen.Int[0, 1].Array[0, 2].Select(i => i.Distinct().Select(n => Names[n]).ToArray()),
        Some(Urls),
        Gen.Int[0, 3],
        (verbs, groups, resources, names, urls, kind) =>
            kind == 0 ? new PolicyRule(verbs, [], [], [], urls) : new PolicyRule(verbs, groups, resources, names, [])
    );

    private static Gen<string[]> Some(string[] values) =>
        Gen.Int[0, values.Length - 1].Array[1, 2].Select(i => i.Distinct().Select(n => values[n]).ToArray());

    private static RequestInfo Resource(string verb, string group, string resource, string name = "", string subresource = "") =>
        new("", true, verb, group, "v1", "default", resource, name, subresource);

    // Every request that matters to the words above, and some that no rule names.
    private static readonly RequestInfo[] Requests =
    [
        .. from verb in new[] { "get", "list", "delete" }
        from @group in new[] { "", "apps", "batch" }
        from resource in new[]
        {
            ("pods", ""),
            ("pods", "log"),
            ("deployments", ""),
            ("deployments", "scale"),
            ("jobs", "scale"),
            ("jobs", ""),
        }
        from name in new[] { "", "a", "b", "c" }
        select Resource(verb, @group, resource.Item1, name, resource.Item2),
        .. from verb in new[] { "get", "list", "delete" }
        from url in new[] { "/healthz", "/healthz/ping", "/metrics", "/other" }
        select new RequestInfo(url, false, verb),
    ];

    [Fact]
    public void A_rule_that_is_covered_allows_nothing_that_its_owner_may_not() =>
        Gen.Select(Rules.Array[1, 4], Rules)
            .Sample(
                (owner, wanted) =>
                {
                    if (PolicyRule.Uncovered(owner, [wanted]).Count == 0)
                    {
                        Assert.All(Requests.Where(wanted.Allows), r => Assert.True(owner.Any(o => o.Allows(r)), $"{r} by {wanted}"));
                    }
                }
            );

    [Fact]
    public void What_is_not_covered_is_more_than_the_owner_may() =>
        Gen.Select(Rules, Rules)
            .Sample(
                (owner, wanted) =>
                {
                    // Every rule covers itself, and everything covers every rule.
                    Assert.Empty(PolicyRule.Uncovered([wanted], [wanted]));
                    Assert.Empty(PolicyRule.Uncovered([new(["*"], ["*"], ["*"], [], []), new(["*"], [], [], [], ["*"])], [wanted]));
                    foreach (var atom in PolicyRule.Uncovered([owner], [wanted]))
                    {
                        Assert.NotEmpty(PolicyRule.Uncovered([owner], [atom]));
                    }
                }
            );

    [Theory]
    [InlineData("get", "", "pods", "", "", true)]
    [InlineData("get", "", "pods", "", "log", false)]
    [InlineData("get", "apps", "pods", "", "", false)]
    [InlineData("list", "", "pods", "", "", false)]
    public void A_rule_allows_what_it_says(string verb, string group, string resource, string name, string subresource, bool allowed) =>
        Assert.Equal(allowed, new PolicyRule(["get"], [""], ["pods"], [], []).Allows(Resource(verb, group, resource, name, subresource)));

    [Fact]
    public void Names_and_subresources_narrow()
    {
        var named = new PolicyRule(["get"], [""], ["secrets"], ["a"], []);
        var scales = new PolicyRule(["update"], ["*"], ["*/scale"], [], []);

        Assert.True(named.Allows(Resource("get", "", "secrets", "a")));
        Assert.False(named.Allows(Resource("get", "", "secrets", "b")));
        Assert.False(named.Allows(Resource("get", "", "secrets")));
        Assert.True(scales.Allows(Resource("update", "apps", "deployments", "x", "scale")));
        Assert.False(scales.Allows(Resource("update", "apps", "deployments", "x")));
    }
}
