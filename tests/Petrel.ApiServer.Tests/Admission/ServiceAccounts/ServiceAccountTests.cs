using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission.ServiceAccounts;
using Petrel.ApiServer.Composition;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Admission.ServiceAccounts;

public sealed class ServiceAccountTests
{
    private const string Accounts = "/api/v1/namespaces/default/serviceaccounts";
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Theory]
    [InlineData("{}", "{}", true)]
    [InlineData("""{"automountServiceAccountToken":false}""", "{}", false)]
    [InlineData("""{"automountServiceAccountToken":false}""", """{"automountServiceAccountToken":true}""", true)]
    [InlineData("""{"automountServiceAccountToken":true}""", """{"automountServiceAccountToken":false}""", false)]
    public void The_pod_says_before_its_account_whether_it_gets_a_token(string account, string spec, bool expected) =>
        Assert.Equal(expected, TokenVolume.IsWanted(JsonNode.Parse(account)!.AsObject(), JsonNode.Parse(spec)!.AsObject()));

    [Fact]
    public void The_token_is_mounted_where_nothing_else_is()
    {
        var spec = JsonNode
            .Parse(
                """{"initContainers":[{"name":"i"}],"containers":[{"name":"a","volumeMounts":["""
                    + """{"name":"x","mountPath":"/x"}]},"""
                    + """{"name":"b","volumeMounts":[{"name":"y","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}]}"""
            )!
            .AsObject();

        TokenVolume.Mount(spec, () => "abcde");

        const string Mount =
            """{"name":"kube-api-access-abcde","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}""";
        AssertJson($"[{Mount}]", spec["initContainers"]![0]!["volumeMounts"]);
        AssertJson($$"""[{"name":"x","mountPath":"/x"},{{Mount}}]""", spec["containers"]![0]!["volumeMounts"]);
        AssertJson(
            """[{"name":"y","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]""",
            spec["containers"]![1]!["volumeMounts"]
        );
        AssertJson(
            """
            [{"name":"kube-api-access-abcde","projected":{"defaultMode":420,"sources":[
              {"serviceAccountToken":{"path":"token","expirationSeconds":3607}},
              {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
              {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}]}}]
            """,
            spec["volumes"]
        );
    }

    [Theory]
    [InlineData("""{"volumes":[],"containers":[{"volumeMounts":[{"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}]}""", 0)]
    [InlineData("""{"volumes":[{"name":"kube-api-access-mine"}],"containers":[{}]}""", 1)]
    public void No_second_volume_is_added(string json, int volumes)
    {
        var spec = JsonNode.Parse(json)!.AsObject();

        TokenVolume.Mount(spec, () => "abcde");

        Assert.Equal(volumes, spec["volumes"]!.AsArray().Count);
        Assert.NotEqual("kube-api-access-abcde", (string?)spec["containers"]![0]!["volumeMounts"]?[0]?["name"]);
    }

    [Theory]
    [InlineData(
        """{"volumes":[{"secret":{"secretName":"b"}}]}""",
        "volume with secret.secretName=\"b\" is not allowed because service account x does not reference that secret"
    )]
    [InlineData(
        """{"containers":[{"name":"c","env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"b"}}}]}]}""",
        "container c with envVar E referencing secret.secretName=\"b\" is not allowed because service account x does not "
            + "reference that secret"
    )]
    [InlineData(
        """{"initContainers":[{"name":"c","env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"b"}}}]}]}""",
        "init container c with envVar E referencing secret.secretName=\"b\" is not allowed because service account x does not "
            + "reference that secret"
    )]
    [InlineData(
        """{"imagePullSecrets":[{"name":"p"},{"name":"a"}]}""",
        "imagePullSecrets[1].name=\"a\" is not allowed because service account x does not reference that imagePullSecret"
    )]
    [InlineData("""{"volumes":[{"secret":{"secretName":"a"}}],"imagePullSecrets":[{"name":"p"}]}""", null)]
    public void An_account_that_enforces_it_lets_pods_use_only_its_own_secrets(string spec, string? expected) =>
        Assert.Equal(
            expected,
            MountableSecrets.Problem(
                JsonNode.Parse("""{"metadata":{"name":"x"},"secrets":[{"name":"a"}],"imagePullSecrets":[{"name":"p"}]}""")!.AsObject(),
                JsonNode.Parse(spec)!.AsObject()
            )
        );

    [Fact]
    public async Task A_pod_of_an_unknown_account_is_refused()
    {
        await using var api = await StartAsync();

        var refused = await api.JsonAsync(403, "POST", Pods, Pod("\"serviceAccountName\":\"nobody\","));
        await api.CreateAsync(Accounts, """{"metadata":{"name":"nobody"}}""");
        var created = await api.CreateAsync(Pods, Pod("\"serviceAccountName\":\"nobody\","));

        Assert.Equal(
            "pods \"p\" is forbidden: error looking up service account default/nobody: serviceaccount \"nobody\" not found",
            (string?)refused["message"]
        );
        Assert.Equal("nobody", (string?)created["spec"]!["serviceAccount"]);
    }

    [Fact]
    public async Task A_pod_waits_a_moment_for_the_default_account()
    {
        await using var api = await StartAsync();

        var creating = api.CreateAsync(Pods, Pod());
        await api.CreateAsync(Accounts, """{"metadata":{"name":"default"}}""");
        Assert.False(creating.IsCompleted);
        api.Time.Advance(TimeSpan.FromMilliseconds(200));

        Assert.Equal("default", (string?)(await creating.WaitAsync(TestApi.Patience))["spec"]!["serviceAccountName"]);
    }

    [Fact]
    public async Task A_pod_gets_the_pull_secrets_and_the_token_of_its_account()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(Accounts, """{"metadata":{"name":"default"},"imagePullSecrets":[{"name":"registry"}]}""");

        var pod = await api.CreateAsync(Pods, Pod());

        AssertJson("""[{"name":"registry"}]""", pod["spec"]!["imagePullSecrets"]);
        var volume = (string)pod["spec"]!["volumes"]![0]!["name"]!;
        Assert.Matches("^kube-api-access-[a-z0-9]{5}$", volume);
        Assert.Equal(volume, (string?)pod["spec"]!["containers"]![0]!["volumeMounts"]![0]!["name"]);
    }

    [Fact]
    public async Task A_mirror_pod_gets_no_account_and_may_name_none()
    {
        await using var api = await StartAsync();
        static string Mirror(string spec) =>
            Pod(spec)
                .Replace(
                    "\"name\":\"p\"",
                    "\"name\":\"p\",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}",
                    StringComparison.Ordinal
                );

        var named = await api.JsonAsync(403, "POST", Pods, Mirror("\"nodeName\":\"n\",\"serviceAccountName\":\"a\","));
        var secret = await api.JsonAsync(
            403,
            "POST",
            Pods,
            Mirror("\"nodeName\":\"n\",\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}],")
        );
        var mirror = await api.CreateAsync(Pods, Mirror("\"nodeName\":\"n\","));

        Assert.Equal("pods \"p\" is forbidden: a mirror pod may not reference service accounts", (string?)named["message"]);
        Assert.Equal("pods \"p\" is forbidden: a mirror pod may not reference secrets", (string?)secret["message"]);
        Assert.Null(mirror["spec"]!["serviceAccountName"]);
    }

    [Fact]
    public async Task Mountable_secrets_are_enforced_when_the_account_says_so()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(
            Accounts,
            """{"metadata":{"name":"default","annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}}}"""
        );

        var refused = await api.JsonAsync(403, "POST", Pods, Pod("\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}],"));

        Assert.Equal(
            "pods \"p\" is forbidden: volume with secret.secretName=\"s\" is not allowed because service account default does "
                + "not reference that secret",
            (string?)refused["message"]
        );
    }

    private static Task<TestApi> StartAsync() =>
        TestApi.StartAsync(new ApiServerOptions { RequireServiceAccounts = true, MountServiceAccountTokens = true });

    private static string Pod(string spec = "") =>
        $$"""{"metadata":{"name":"p"},"spec":{ {{spec}} "containers":[{"name":"c","image":"i"}]} }""";

    private static void AssertJson(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}\nactual {actual?.ToJsonString()}");
}
