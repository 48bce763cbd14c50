using System.Text;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Authentication;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>Who a request claims to come from, and what it asks for by its path.</summary>
public sealed class IdentityFuzzTests
{
    private static readonly string[] Paths =
    [
        "/api/v1/namespaces/default/pods/p/exec",
        "/api/v1/namespaces/default/pods/p/log",
        "/apis/apps/v1/namespaces/default/deployments/d/scale",
        "/api/v1/namespaces/default/services/s/proxy/a/b",
        "/readyz/poststarthook/bootstrap",
        "/openapi/v3/apis/apps/v1",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/a:b",
        "/.well-known/openid-configuration",
        "/api/v1/watch/namespaces/default/pods",
        "/metrics",
        "/api/v1/namespaces/a/finalize",
    ];

    [Fact]
    public void Tokens_are_answered()
    {
        string[] tokens = [];
        FuzzRun.Run(
            1000,
            async api =>
                tokens = [await api.TokenAsync(), await api.TokenAsync("""{"audiences":["x"]}"""), "abcdef.0123456789abcdef", "a.b.c"],
            (run, random) =>
            {
                // The token's text, or what its parts say.
                var token = Mutator.Pick(random, tokens);
                var parts = token.Split('.');
                if (parts.Length == 3 && parts[0].Length > 9 && Mutator.Next(random, 2) == 0)
                {
                    var part = Mutator.Next(random, 3);
                    parts[part] = TokenWorld.Encode(Mutator.Bytes(random, [System.Buffers.Text.Base64Url.DecodeFromChars(parts[part])]));
                    token = string.Join('.', parts);
                }
                else
                {
                    token = Mutator.Text(random, [token]);
                }
                var answer = run.Send(
                    "GET",
                    "/api/v1/namespaces",
                    token: Mutator.Pick(random, (string[])["Bearer ", "bearer ", "Bearer  ", "Basic "]) + token
                );
                Assert.True(answer.StatusCode is 401 or 403, answer.BodyText);
            },
            static () => TokenWorld.StartAsync()
        );
    }

    [Fact]
    public void Tokens_to_be_reviewed_and_users_to_act_for_are_answered() =>
        FuzzRun.Run(
            600,
            static _ => Task.CompletedTask,
            static (run, random) =>
            {
                var strange = Mutator.Text(
                    random,
                    ["jane", "system:serviceaccount:default:builder", "system:node:n1", "system:masters", "example.com/scopes"]
                );
                run.Send(
                    new ApiRequest
                    {
                        Method = "GET",
                        Path = "/api/v1/namespaces",
                        User = UserInfo.ControlPlane("test"),
                        Impersonation = new(
                            strange,
                            Mutator.Next(random, 2) == 0 ? [strange] : [],
                            Mutator.Next(random, 4) == 0 ? strange : "",
                            [new(strange, [strange])]
                        ),
                    }
                );
                run.Send(
                    "POST",
                    "/apis/authentication.k8s.io/v1/tokenreviews",
                    Mutator.Utf8(
                        new System.Text.Json.Nodes.JsonObject { ["spec"] = new System.Text.Json.Nodes.JsonObject { ["token"] = strange } }
                    )
                );
            }
        );

    [Fact]
    public void Paths_are_answered() => FuzzRun.Run(2500, WithDocumentsAsync, static (run, random) =>
        {
            var path = Mutator.Text(random, Paths);
            var method = Mutator.Pick(random, (string[])["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "get", ""]);
            run.Send(
                new ApiRequest
                {
                    Method = method,
                    Path = path,
                    User = UserInfo.ControlPlane("test"),
                    Body = method is "POST" or "PUT" or "PATCH" ? Encoding.UTF8.GetBytes("{}") : default,
                    ContentType = method == "PATCH" ? "application/merge-patch+json" : "",
                }
            );
        });

    // The documents of the API are made when first asked for, which takes more than an answer may.
    private static async Task WithDocumentsAsync(TestApi api)
    {
        foreach (var path in (string[])["/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1", "/apis"])
        {
            Assert.Equal(200, (await api.SendAsync("GET", path)).StatusCode);
        }
    }
}
