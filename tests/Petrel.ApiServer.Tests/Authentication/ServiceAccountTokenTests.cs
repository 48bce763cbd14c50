using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;
using Petrel.Security.Tokens;

namespace Petrel.ApiServer.Tests.Authentication;

public sealed class ServiceAccountTokenTests
{
    private const string User = "system:serviceaccount:default:builder";
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Fact]
    public async Task An_agent_gets_tokens_only_for_the_audiences_of_its_pods_volumes()
    {
        await using var api = await TokenWorld.StartAsync();
        var agent = UserInfo.Node("n1");
        await api.JsonAsync(201, "POST", "/api/v1/nodes", """{"metadata":{"name":"n1"}}""", user: agent);
        var pod = await api.CreateAsync(
            "/api/v1/namespaces/default/pods",
            """
            {"metadata":{"name":"p"},"spec":{"serviceAccountName":"builder","nodeName":"n1","containers":[{"name":"c","image":"i"}],
            "volumes":[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"t"}},
            {"serviceAccountToken":{"path":"v","audience":"vault"}}]}},{"name":"s","csi":{"driver":"x.example.com"}}]}}
            """
        );
        async Task<int> AskAsync(string audiences) =>
            (
                await api.SendAsync(
                    "POST",
                    TokenWorld.Accounts + "/builder/token",
                    $$$"""{"spec":{"audiences":[{{{audiences}}}],"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","""
                        + $"\"uid\":\"{pod["metadata"]!["uid"]}\"}}}}}}",
                    user: agent
                )
            ).StatusCode;

        Assert.Equal(201, await AskAsync(""));
        Assert.Equal(201, await AskAsync($"\"{TokenWorld.Issuer}\""));
        Assert.Equal(201, await AskAsync("\"vault\""));
        Assert.Equal(403, await AskAsync("\"registry\""));
        Assert.Equal(403, await AskAsync("\"vault\",\"registry\""));
        Assert.Equal(403, await AskAsync("\"driver\""));
        await api.CreateAsync(
            "/apis/storage.k8s.io/v1/csidrivers",
            """{"metadata":{"name":"x.example.com"},"spec":{"tokenRequests":[{"audience":"driver"}]}}"""
        );
        Assert.Equal(201, await AskAsync("\"driver\""));
        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
        await api.CreateAsync(
            Rbac + "clusterroles",
            """
            {"metadata":{"name":"a"},"rules":[{"apiGroups":[""],"resources":["registry"],"resourceNames":["builder"],
            "verbs":["request-serviceaccounts-token-audience"]}]}
            """
        );
        await api.CreateAsync(
            Rbac + "clusterrolebindings",
            """{"metadata":{"name":"a"},"roleRef":{"kind":"ClusterRole","name":"a"},"subjects":[{"kind":"Group","name":"system:nodes"}]}"""
        );
        Assert.Equal(201, await AskAsync("\"registry\""));
    }

    [Fact]
    public async Task A_token_speaks_for_its_account()
    {
        await using var api = await TokenWorld.StartAsync();
        var account = await api.GetAsync($"{TokenWorld.Accounts}/builder");

        var status = await api.ReviewAsync(await api.TokenAsync());

        Assert.True((bool)status["authenticated"]!);
        Assert.Equal(User, (string?)status["user"]!["username"]);
        Assert.Equal((string?)account["metadata"]!["uid"], (string?)status["user"]!["uid"]);
        Assert.Equal(
            ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
            status["user"]!["groups"]!.AsArray().Select(g => (string?)g)
        );
        Assert.StartsWith(
            "JTI=",
            (string?)status["user"]!["extra"]!["authentication.kubernetes.io/credential-id"]![0],
            StringComparison.Ordinal
        );
        Assert.Equal([TokenWorld.Issuer], status["audiences"]!.AsArray().Select(a => (string?)a));
    }

    [Fact]
    public async Task An_account_may_do_what_roles_give_it_and_no_more()
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync();
        Assert.Equal(403, (await api.SendAsync("GET", Pods, token: token)).StatusCode);

        await api.CreateAsync(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
            """{"metadata":{"name":"b"},"roleRef":"""
                + """{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":["""
                + """{"kind":"ServiceAccount","name":"builder","namespace":"default"}]}"""
        );

        Assert.Equal(200, (await api.SendAsync("GET", Pods, token: token)).StatusCode);
        Assert.Equal(403, (await api.SendAsync("DELETE", Pods, token: token)).StatusCode);
        Assert.Equal(403, (await api.SendAsync("GET", "/api/v1/namespaces/kube-system/pods", token: token)).StatusCode);
    }

    [Fact]
    public async Task The_answer_to_a_request_says_what_was_given()
    {
        await using var api = await TokenWorld.StartAsync();

        var made = await api.JsonAsync(
            201,
            "POST",
            $"{TokenWorld.Accounts}/builder/token",
            """{"spec":{"expirationSeconds":600,"audiences":["vault"]}}"""
        );

        Assert.Equal("TokenRequest", (string?)made["kind"]);
        Assert.Equal("builder", (string?)made["metadata"]!["name"]);
        Assert.Equal("default", (string?)made["metadata"]!["namespace"]);
        Assert.Equal(api.Time.GetUtcNow().AddMinutes(10), DateTimeOffset.Parse((string)made["status"]!["expirationTimestamp"]!));
        var claims = TokenWorld.Claims((string)made["status"]!["token"]!);
        var now = api.Time.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal((now, now, now + 600), ((long)claims["iat"]!, (long)claims["nbf"]!, (long)claims["exp"]!));
        Assert.Equal(TokenWorld.Issuer, (string?)claims["iss"]);
        Assert.Equal(User, (string?)claims["sub"]);
        Assert.Equal("default", (string?)claims["kubernetes.io"]!["namespace"]);
        Assert.Equal("builder", (string?)claims["kubernetes.io"]!["serviceaccount"]!["name"]);
    }

    [Fact]
    public async Task A_token_ends_with_its_time()
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync("""{"expirationSeconds":600}""");

        // A minute more: clocks differ.
        api.Time.Advance(TimeSpan.FromSeconds(660));
        Assert.Equal(User, await api.WhoAsync(token));
        api.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("401", await api.WhoAsync(token));
        var status = await api.ReviewAsync(token);
        Assert.False((bool?)status["authenticated"] ?? false);
        Assert.Equal("[invalid bearer token, service account token has expired]", (string?)status["error"]);
    }

    [Fact]
    public async Task A_token_is_for_its_audiences_only()
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync("""{"audiences":["vault","registry"]}""");

        Assert.Equal("401", await api.WhoAsync(token));
        Assert.Equal(
            $"[invalid bearer token, token audiences [\"vault\" \"registry\"] is invalid for the target audiences "
                + $"[\"{TokenWorld.Issuer}\"]]",
            (string?)(await api.ReviewAsync(token))["error"]
        );
        var status = await api.ReviewAsync(token, """["other","registry"]""");
        Assert.True((bool)status["authenticated"]!);
        Assert.Equal(["registry"], status["audiences"]!.AsArray().Select(a => (string?)a));
    }

    [Fact]
    public async Task A_token_ends_with_its_account_even_when_another_takes_the_name()
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync();
        Assert.Equal(User, await api.WhoAsync(token));

        await api.JsonAsync(200, "DELETE", $"{TokenWorld.Accounts}/builder");
        Assert.Equal("401", await api.WhoAsync(token));
        await api.CreateAsync(TokenWorld.Accounts, """{"metadata":{"name":"builder"}}""");

        Assert.Equal("401", await api.WhoAsync(token));
        Assert.Contains("service account UID (", (string?)(await api.ReviewAsync(token))["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "Pod",
        "pods",
        """{"metadata":{"name":"bound"},"spec":{"serviceAccountName":"builder","nodeName":"n1","containers":[{"name":"c","image":"i"}]}}"""
    )]
    [InlineData("Secret", "secrets", """{"metadata":{"name":"bound"}}""")]
    public async Task A_token_ends_with_what_it_is_bound_to(string kind, string plural, string body)
    {
        await using var api = await TokenWorld.StartAsync();
        await api.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        var bound = await api.CreateAsync($"/api/v1/namespaces/default/{plural}", body);
        var token = await api.TokenAsync(
            $$$"""{"boundObjectRef":{"apiVersion":"v1","kind":"{{{kind}}}","name":"bound","uid":"{{{bound["metadata"]!["uid"]}}}"}}"""
        );
        Assert.Equal(User, await api.WhoAsync(token));

        await api.JsonAsync(200, "DELETE", $"/api/v1/namespaces/default/{plural}/bound?gracePeriodSeconds=0");

        Assert.Equal("401", await api.WhoAsync(token));
    }

    [Fact]
    public async Task A_pods_token_says_which_pod_and_where_it_runs()
    {
        await using var api = await TokenWorld.StartAsync();
        var node = await api.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        var pod = await api.CreateAsync(
            Pods,
            """{"metadata":{"name":"p"},"spec":{"serviceAccountName":"builder","nodeName":"n1","containers":[{"name":"c","image":"i"}]}}"""
        );

        var extra = (await api.ReviewAsync(await api.TokenAsync("""{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}""")))[
            "user"
        ]!["extra"]!;

        Assert.Equal("p", (string?)extra["authentication.kubernetes.io/pod-name"]![0]);
        Assert.Equal((string?)pod["metadata"]!["uid"], (string?)extra["authentication.kubernetes.io/pod-uid"]![0]);
        Assert.Equal("n1", (string?)extra["authentication.kubernetes.io/node-name"]![0]);
        Assert.Equal((string?)node["metadata"]!["uid"], (string?)extra["authentication.kubernetes.io/node-uid"]![0]);
    }

    [Fact]
    public async Task The_token_of_a_pods_volume_lasts_a_year_and_says_when_to_renew_it()
    {
        await using var api = await TokenWorld.StartAsync();
        await api.CreateAsync(
            Pods,
            """{"metadata":{"name":"p"},"spec":{"serviceAccountName":"builder","containers":[{"name":"c","image":"i"}]}}"""
        );
        const string Bound = """ "boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"} """;

        var volume = TokenWorld.Claims(await api.TokenAsync($$"""{"expirationSeconds":3607,{{Bound}}}"""));
        var asked = TokenWorld.Claims(await api.TokenAsync($$"""{"expirationSeconds":3600,{{Bound}}}"""));
        var elsewhere = TokenWorld.Claims(await api.TokenAsync($$"""{"expirationSeconds":3607,"audiences":["vault"],{{Bound}}}"""));

        Assert.Equal(365 * 24 * 3600, (long)volume["exp"]! - (long)volume["iat"]!);
        Assert.Equal(3607, (long)volume["kubernetes.io"]!["warnafter"]! - (long)volume["iat"]!);
        Assert.Equal(3600, (long)asked["exp"]! - (long)asked["iat"]!);
        Assert.Equal(3607, (long)elsewhere["exp"]! - (long)elsewhere["iat"]!);
        Assert.Null(elsewhere["kubernetes.io"]!["warnafter"]);
    }

    [Theory]
    [InlineData(
        """{"expirationSeconds":599}""",
        422,
        "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"
    )]
    [InlineData(
        """{"expirationSeconds":4294967297}""",
        422,
        "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"
    )]
    [InlineData(
        """{"boundObjectRef":{"apiVersion":"v1","kind":"ConfigMap","name":"x"}}""",
        400,
        "cannot bind token to object of type /v1, Kind=ConfigMap"
    )]
    [InlineData("""{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"x"}}""", 404, "pods \"x\" not found")]
    [InlineData(
        """{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"other"}}""",
        400,
        "cannot bind token for serviceaccount \"builder\" to pod running with different serviceaccount name."
    )]
    [InlineData(
        """{"boundObjectRef":{"apiVersion":"v1","kind":"Secret","name":"s","uid":"1"}}""",
        409,
        "the UID in the bound object reference (1) does not match the UID in record"
    )]
    public async Task Requests_that_make_no_sense_are_refused(string spec, int status, string message)
    {
        await using var api = await TokenWorld.StartAsync();
        await api.CreateAsync(Pods, """{"metadata":{"name":"other"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await api.CreateAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"}}""");

        var refused = await api.JsonAsync(status, "POST", $"{TokenWorld.Accounts}/builder/token", $$"""{"spec":{{spec}}}""");

        Assert.Contains(message, (string?)refused["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_need_an_account_and_the_right_to_ask_for_them()
    {
        await using var api = await TokenWorld.StartAsync();

        await api.JsonAsync(404, "POST", $"{TokenWorld.Accounts}/nobody/token", "{}");
        var refused = await api.JsonAsync(
            403,
            "POST",
            $"{TokenWorld.Accounts}/builder/token",
            "{}",
            user: new UserInfo("jane", [UserInfo.AuthenticatedGroup])
        );
        await api.JsonAsync(405, "GET", $"{TokenWorld.Accounts}/builder/token");
        await api.JsonAsync(422, "POST", $"{TokenWorld.Accounts}/builder/token", """{"metadata":{"name":"other"}}""");

        Assert.Contains("cannot create resource \"serviceaccounts/token\"", (string?)refused["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_gets_tokens_for_pods_of_its_own_only()
    {
        await using var api = await TokenWorld.StartAsync();
        var pod = await api.CreateAsync(
            Pods,
            """
            {"metadata":{"name":"p"},"spec":{"serviceAccountName":"builder","nodeName":"n1","containers":[{"name":"c","image":"i"}],
            "volumes":[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}]}}
            """
        );
        var bound =
            $$$$"""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"{{{{pod["metadata"]!["uid"]}}}}"}}}""";

        await api.JsonAsync(201, "POST", $"{TokenWorld.Accounts}/builder/token", bound, user: UserInfo.Node("n1"));
        await api.JsonAsync(403, "POST", $"{TokenWorld.Accounts}/builder/token", "{}", user: UserInfo.Node("n1"));
        await api.JsonAsync(403, "POST", $"{TokenWorld.Accounts}/builder/token", bound, user: UserInfo.Node("n2"));
    }

    public static TheoryData<string> Forgeries =>
        ["none", "HS256 with the public key", "another key", "other claims", "other issuer", "no signature", "nonsense", "not yet"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Forged_tokens_are_refused(string forgery)
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync();
        var parts = token.Split('.');
        var claims = TokenWorld.Claims(token);
        Assert.Equal(User, await api.WhoAsync(token));

        Assert.Equal(
            "401",
            await api.WhoAsync(
                forgery switch
                {
                    "none" => $"{TokenWorld.Encode("""{"alg":"none"}""")}.{parts[1]}.",
                    "HS256 with the public key" => Hmac(TokenWorld.Part(token, 0), parts[1]),
                    "another key" => new TokenKeySet(TokenWorld.SecondKey).Sign(claims),
                    "other claims" => $"{parts[0]}.{TokenWorld.Encode(claims.ToJsonString().Replace("builder", "default"))}.{parts[2]}",
                    "other issuer" => TokenWorld.Keys.Sign(With(claims, "iss", "https://example.com")),
                    "no signature" => $"{parts[0]}.{parts[1]}.",
                    "not yet" => TokenWorld.Keys.Sign(With(claims, "nbf", (long)claims["nbf"]! + 120)),
                    _ => "nonsense",
                }
            )
        );
    }

    [Fact]
    public async Task Tokens_of_an_older_key_count_and_those_of_a_key_that_went_do_not()
    {
        string older;
        await using (var before = await TokenWorld.StartAsync())
        {
            older = await before.TokenAsync();
        }
        var claims = TokenWorld.Claims(older);
        await using var both = await TokenWorld.StartAsync(new TokenKeySet(TokenWorld.SecondKey, TokenWorld.FirstKey));
        await using var only = await TokenWorld.StartAsync(new TokenKeySet(TokenWorld.SecondKey));
        // The account is the same only where its uid is.
        string Own(JsonObject current) => TokenWorld.Keys.Sign(With(claims, "kubernetes.io", current["kubernetes.io"]!.DeepClone()));

        Assert.Equal(User, await both.WhoAsync(Own(await both.ClaimsAsync())));
        Assert.Equal("401", await only.WhoAsync(Own(await only.ClaimsAsync())));
        Assert.NotEqual((string?)TokenWorld.Part(older, 0)["kid"], (string?)TokenWorld.Part(await both.TokenAsync(), 0)["kid"]);
    }

    [Fact]
    public async Task Others_can_check_tokens_with_the_published_keys()
    {
        await using var api = await TokenWorld.StartAsync();
        var token = await api.TokenAsync();
        var parts = token.Split('.');

        var configuration = await api.JsonAsync(
            200,
            "GET",
            "/.well-known/openid-configuration",
            user: new UserInfo("x", ["system:serviceaccounts"])
        );
        var keys = await api.SendAsync("GET", "/openid/v1/jwks");

        Assert.Equal(TokenWorld.Issuer, (string?)configuration["issuer"]);
        Assert.EndsWith("/openid/v1/jwks", (string?)configuration["jwks_uri"], StringComparison.Ordinal);
        Assert.Equal("application/jwk-set+json", keys.ContentType);
        var key = JsonNode.Parse(keys.Body.Span)!["keys"]!
            .AsArray()
            .Single(k => (string?)k!["kid"] == (string?)TokenWorld.Part(token, 0)["kid"])!;
        using var rsa = RSA.Create(new RSAParameters { Modulus = Base64((string)key["n"]!), Exponent = Base64((string)key["e"]!) });
        Assert.True(
            rsa.VerifyData(
                Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"),
                Base64(parts[2]),
                HashAlgorithmName.SHA256,
                RSASignaturePadding.Pkcs1
            )
        );
        Assert.Equal(401, (await api.SendAsync("GET", "/openid/v1/jwks", user: UserInfo.Anonymous)).StatusCode);
    }

    [Fact]
    public async Task Without_keys_there_are_no_tokens()
    {
        await using var api = await TestApi.StartAsync();
        await api.CreateAsync(TokenWorld.Accounts, """{"metadata":{"name":"builder"}}""");

        await api.JsonAsync(404, "POST", $"{TokenWorld.Accounts}/builder/token", "{}");
        Assert.Equal(401, (await api.SendAsync("GET", Pods, token: "abc")).StatusCode);
        Assert.Equal(404, (await api.SendAsync("GET", "/openid/v1/jwks")).StatusCode);
    }

    private static JsonObject With(JsonObject claims, string name, JsonNode value)
    {
        var copy = claims.DeepClone().AsObject();
        copy[name] = value;
        return copy;
    }

    private static string Hmac(JsonObject header, string payload)
    {
        header["alg"] = "HS256";
        using var rsa = RSA.Create();
        rsa.ImportFromPem(TokenWorld.FirstKey);
        var text = $"{TokenWorld.Encode(header.ToJsonString())}.{payload}";
        var publicKey = Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());
        return $"{text}.{TokenWorld.Encode(HMACSHA256.HashData(publicKey, Encoding.ASCII.GetBytes(text)))}";
    }

    private static byte[] Base64(string text)
    {
        var plain = text.Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(plain.PadRight((plain.Length + 3) / 4 * 4, '='));
    }
}
