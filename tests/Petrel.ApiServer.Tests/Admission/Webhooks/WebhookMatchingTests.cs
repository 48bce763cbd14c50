using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Admission.Webhooks;

public sealed class WebhookMatchingTests
{
    private static readonly KindDefinition Pods = BuiltInKinds.Registry.Find("", "v1", "pods")!;
    private static readonly KindDefinition Deployments = BuiltInKinds.Registry.Find("apps", "v1", "deployments")!;

    private static readonly Dictionary<string, string> NoLabels = [];

    [Theory]
    [InlineData("CREATE", "", "v1", "pods", "*", "CREATE  v1 pods ns", true)]
    [InlineData("CREATE,UPDATE", "", "v1", "pods", "*", "DELETE  v1 pods ns", false)]
    [InlineData("*", "*", "*", "*", "*", "CONNECT apps v1 deployments ns", true)]
    [InlineData("*", "*", "*", "*", "*", "UPDATE apps v1 deployments/status ns", false)]
    [InlineData("*", "*", "*", "*/*", "*", "UPDATE apps v1 deployments/status ns", true)]
    [InlineData("*", "*", "*", "*/*", "*", "UPDATE apps v1 deployments ns", true)]
    [InlineData("*", "*", "*", "deployments/*", "*", "UPDATE apps v1 deployments/scale ns", true)]
    [InlineData("*", "*", "*", "deployments/*", "*", "UPDATE apps v1 replicasets/scale ns", false)]
    [InlineData("*", "*", "*", "*/scale", "*", "UPDATE apps v1 replicasets/scale ns", true)]
    [InlineData("*", "*", "*", "*/scale", "*", "UPDATE apps v1 replicasets/status ns", false)]
    [InlineData("*", "*", "*", "pods,pods/eviction", "*", "CREATE  v1 pods/eviction ns", true)]
    [InlineData("*", "apps", "*", "*", "*", "CREATE batch v1 jobs ns", false)]
    [InlineData("*", "*", "v1beta1", "*", "*", "CREATE batch v1 jobs ns", false)]
    [InlineData("*", "*", "*", "*", "Namespaced", "CREATE  v1 pods ns", true)]
    [InlineData("*", "*", "*", "*", "Namespaced", "CREATE  v1 nodes -", false)]
    [InlineData("*", "*", "*", "*", "Cluster", "CREATE  v1 nodes -", true)]
    [InlineData("*", "*", "*", "*", "Cluster", "CREATE  v1 pods ns", false)]
    public void Rules_say_which_requests_they_are_about(
        string operations,
        string groups,
        string versions,
        string resources,
        string scope,
        string target,
        bool expected
    )
    {
        var rule = WebhookRule.Read(
            new JsonObject
            {
                ["operations"] = List(operations),
                ["apiGroups"] = List(groups),
                ["apiVersions"] = List(versions),
                ["resources"] = List(resources),
                ["scope"] = scope,
            }
        );
        var parts = target.Split(' ');
        var resource = parts[3].Split('/');

        Assert.Equal(
            expected,
            rule.Matches(new(parts[0], parts[1], parts[2], resource[0], resource.Length > 1 ? resource[1] : "", parts[4] != "-"))
        );
    }

    [Theory]
    [InlineData("{}", "{}", true)]
    [InlineData("""{"matchLabels":{"team":"a"}}""", """{"team":"a"}""", true)]
    [InlineData("""{"matchLabels":{"team":"a"}}""", """{"team":"b"}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"skip","operator":"DoesNotExist"}]}""", """{"skip":""}""", false)]
    [InlineData(
        """{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"NotIn","values":["kube-system"]}]}""",
        """{"kubernetes.io/metadata.name":"x"}""",
        true
    )]
    public void Selectors_choose_namespaces_and_objects(string selector, string labels, bool expected)
    {
        var map = JsonNode.Parse(labels)!.AsObject().ToDictionary(l => l.Key, l => (string)l.Value!);
        var labeled = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = JsonNode.Parse(labels) } };

        Assert.Equal(expected, WebhookMatching.Match(Hook($"\"namespaceSelector\":{selector}"), Subject(Pods), map, []) is not null);
        Assert.Equal(
            expected,
            WebhookMatching.Match(Hook($"\"objectSelector\":{selector}"), Subject(Pods, labeled), NoLabels, []) is not null
        );
        Assert.Equal(
            expected,
            WebhookMatching.Match(Hook($"\"objectSelector\":{selector}"), Subject(Pods, null, labeled), NoLabels, []) is not null
        );
        // An object outside of namespaces is never excepted by their labels.
        Assert.NotNull(WebhookMatching.Match(Hook($"\"namespaceSelector\":{selector}"), Subject(Pods) with { Namespace = "" }, null, []));
    }

    [Theory]
    [InlineData("Equivalent", true)]
    [InlineData("Exact", false)]
    public void Rules_for_another_version_count_when_the_policy_says_so(string policy, bool expected)
    {
        var older = Deployments with { Gvk = Deployments.Gvk with { Version = "v1beta1" } };
        var hook = Hook(
            $"\"matchPolicy\":\"{policy}\"",
            """{"operations":["*"],"apiGroups":["apps"],"apiVersions":["v1beta1"],"resources":["deployments"]}"""
        );

        var invocation = WebhookMatching.Match(hook, Subject(Deployments), NoLabels, [older]);

        Assert.Equal(expected, invocation is not null);
        Assert.Equal(expected ? older : null, invocation?.Kind);
        Assert.Null(WebhookMatching.Match(hook, Subject(Pods), NoLabels, []));
    }

    [Fact]
    public void What_a_webhook_does_not_say_has_its_default()
    {
        var hook = Webhook.Read(
            "c",
            0,
            JsonNode
                .Parse(
                    """{"name":"h.example.com","admissionReviewVersions":["v2","v1"],"clientConfig":{"service":"""
                        + """{"namespace":"n","name":"s"}}}"""
                )!
                .AsObject()
        );

        Assert.Equal(
            (false, true, false, false),
            (hook.IgnoresFailure, hook.MatchesEquivalents, hook.SupportsDryRun, hook.WantsReinvocation)
        );
        Assert.Equal(TimeSpan.FromSeconds(10), hook.Timeout);
        Assert.Equal("v1", hook.ReviewVersion);
        Assert.Equal(new WebhookClient("", "n", "s", 443, "", ""), hook.Client);
    }

    [Fact]
    public void Webhooks_that_were_called_see_what_others_change_after_them_and_those_that_were_not_do_not()
    {
        var (again, once, never) = (Named("a", "IfNeeded"), Named("b", "Never"), Named("c", "IfNeeded"));
        var document = new JsonObject();
        var rounds = new WebhookReinvocation();

        rounds.BeginTurn(document);
        rounds.Called(again.Id, again.WantsReinvocation, changed: true);
        Assert.True(rounds.NeedsSecond);
        rounds.Called(once.Id, once.WantsReinvocation, changed: true);
        rounds.EndTurn(document);
        rounds.BeginSecond();
        rounds.BeginTurn(document);

        Assert.Equal((true, false, false), (rounds.MayCall(again.Id), rounds.MayCall(once.Id), rounds.MayCall(never.Id)));
    }

    [Fact]
    public void A_webhook_does_not_see_again_what_it_changed_itself_unless_a_plugin_went_on()
    {
        var hook = Named("a", "IfNeeded");
        var document = new JsonObject();

        bool SecondRound(bool pluginChanges)
        {
            var rounds = new WebhookReinvocation();
            rounds.BeginTurn(document);
            rounds.Called(hook.Id, hook.WantsReinvocation, changed: true);
            rounds.EndTurn(document);
            rounds.BeginSecond();
            rounds.BeginTurn(pluginChanges ? new JsonObject { ["new"] = true } : document);
            return rounds.MayCall(hook.Id);
        }

        Assert.False(SecondRound(pluginChanges: false));
        Assert.True(SecondRound(pluginChanges: true));
    }

    [Theory]
    [InlineData("mutatingwebhookconfigurations", true)]
    [InlineData("validatingwebhookconfigurations", true)]
    [InlineData("others", false)]
    public void No_webhook_decides_about_webhooks(string plural, bool expected) =>
        Assert.Equal(
            expected,
            WebhookMatching.IsExempt(Pods with { Plural = plural, Gvk = new("admissionregistration.k8s.io", "v1", "X") })
        );

    private static JsonArray List(string items) => new([.. items.Split(',').Select(i => (JsonNode)i)]);

    private static Webhook Hook(
        string fields,
        string rule = """{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*"]}"""
    ) => Webhook.Read("c", 0, JsonNode.Parse($$"""{"name":"h",{{fields}},"rules":[{{rule}}]}""")!.AsObject());

    private static Webhook Named(string name, string reinvocation) =>
        Webhook.Read("c", 0, JsonNode.Parse($$"""{"name":"{{name}}","reinvocationPolicy":"{{reinvocation}}"}""")!.AsObject());

    private static WebhookSubject Subject(KindDefinition kind, JsonObject? document = null, JsonObject? old = null) =>
        new("CREATE", kind, "", "ns", document, old);
}
