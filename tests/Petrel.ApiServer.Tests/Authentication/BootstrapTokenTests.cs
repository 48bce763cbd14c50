using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Authentication;

public sealed class BootstrapTokenTests
{
    private const string Token = "abcdef.0123456789abcdef";
    private const string Secrets = "/api/v1/namespaces/kube-system/secrets";

    [Fact]
    public async Task A_bootstrap_token_names_its_id_and_groups()
    {
        await using var api = await TokenWorld.StartAsync();
        await api.CreateAsync(Secrets, Secret());

        var user = (await api.ReviewAsync(Token))["user"]!;

        Assert.Equal("system:bootstrap:abcdef", (string?)user["username"]);
        Assert.Equal(
            ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token", "system:authenticated"],
            user["groups"]!.AsArray().Select(g => (string?)g)
        );
        Assert.Equal("system:bootstrap:abcdef", await api.WhoAsync(Token));
    }

    [Theory]
    [InlineData("abcdef.0123456789abcdee", "", "")]
    [InlineData("abcdeg.0123456789abcdef", "", "")]
    [InlineData("ABCDEF.0123456789abcdef", "", "")]
    [InlineData("abcdef.0123456789abcdef0", "", "")]
    [InlineData(Token, "usage-bootstrap-authentication", "false")]
    [InlineData(Token, "usage-bootstrap-authentication", "")]
    [InlineData(Token, "token-id", "zzzzzz")]
    [InlineData(Token, "expiration", "2026-01-02T03:04:05Z")]
    [InlineData(Token, "expiration", "tomorrow")]
    [InlineData(Token, "auth-extra-groups", "system:masters")]
    public async Task Bootstrap_tokens_that_do_not_count_are_refused(string token, string key, string value)
    {
        await using var api = await TokenWorld.StartAsync();
        await api.CreateAsync(Secrets, Secret(key, value));

        Assert.Equal("401", await api.WhoAsync(token));
    }

    [Fact]
    public async Task A_bootstrap_token_ends_with_its_time_and_with_its_secret()
    {
        await using var api = await TokenWorld.StartAsync();
        await api.CreateAsync(Secrets, Secret("expiration", "2026-01-02T03:04:06Z"));

        Assert.Equal("system:bootstrap:abcdef", await api.WhoAsync(Token));
        api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("401", await api.WhoAsync(Token));

        await api.JsonAsync(200, "DELETE", $"{Secrets}/bootstrap-token-abcdef");
        await api.CreateAsync(Secrets, Secret());
        Assert.Equal("system:bootstrap:abcdef", await api.WhoAsync(Token));
        await api.JsonAsync(200, "DELETE", $"{Secrets}/bootstrap-token-abcdef");
        Assert.Equal("401", await api.WhoAsync(Token));
    }

    [Fact]
    public async Task A_secret_of_another_type_is_no_token()
    {
        await using var api = await TokenWorld.StartAsync();
        var secret = JsonNode.Parse(Secret())!;
        secret["type"] = "Opaque";
        await api.CreateAsync(Secrets, secret.ToJsonString());

        Assert.Equal("401", await api.WhoAsync(Token));
    }

    private static string Secret(string key = "", string value = "")
    {
        var data = new JsonObject
        {
            ["token-id"] = "abcdef",
            ["token-secret"] = "0123456789abcdef",
            ["usage-bootstrap-authentication"] = "true",
            ["auth-extra-groups"] = "system:bootstrappers:kubeadm:default-node-token",
        };
        if (key.Length > 0)
        {
            data[key] = value;
        }
        foreach (var (name, text) in data.ToArray())
        {
            data[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes((string)text!));
        }
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "bootstrap-token-abcdef" },
            ["type"] = "bootstrap.kubernetes.io/token",
            ["data"] = data,
        }.ToJsonString();
    }
}
