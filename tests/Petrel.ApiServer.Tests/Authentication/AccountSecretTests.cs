using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Authentication;

/// <summary>Secrets with the token of a service account, for clients outside of pods.</summary>
public sealed class AccountSecretTests
{
    private const string Secrets = "/api/v1/namespaces/default/secrets";
    private const string Authority = "-----BEGIN CERTIFICATE-----";

    private static async Task<TestApi> StartAsync()
    {
        var api = await TestApi.StartAsync(
            new ApiServerOptions { KeepDefaultRoles = true, RootCertificates = Authority },
            tokenKeys: TokenWorld.Keys
        );
        await api.CreateAsync(TokenWorld.Accounts, """{"metadata":{"name":"builder"}}""");
        return api;
    }

    private static string Secret(string name, string account = "builder", string more = "") =>
        $$"""{"metadata":{"name":"{{name}}","annotations":{"kubernetes.io/service-account.name":"{{account}}"{{more}}} }"""
        + ",\"type\":\"kubernetes.io/service-account-token\"}";

    private static async Task<JsonObject> NextAsync(WatchReader watch, Func<JsonObject, bool> wanted)
    {
        JsonObject? change;
        do
        {
            change = await watch.NextAsync();
        } while (!wanted(change!));
        return change!["object"]!.AsObject();
    }

    private static string Text(JsonObject secret, string key) =>
        Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]![key]!));

    [Fact]
    public async Task They_are_filled_and_their_token_authenticates()
    {
        await using var api = await StartAsync();
        await using var watch = await api.WatchAsync(Secrets + "?watch=1");

        await api.CreateAsync(Secrets, Secret("s"));
        var secret = await NextAsync(watch, c => c["object"]!["data"]?["token"] is not null);

        Assert.Equal("default", Text(secret, "namespace"));
        Assert.Equal(Authority, Text(secret, "ca.crt"));
        var account = await api.GetAsync(TokenWorld.Accounts + "/builder");
        Assert.Equal(
            (string?)account["metadata"]!["uid"],
            (string?)secret["metadata"]!["annotations"]!["kubernetes.io/service-account.uid"]
        );
        Assert.Equal("system:serviceaccount:default:builder", await api.WhoAsync(Text(secret, "token")));
        // A token that was removed is made again; the old one is no longer valid.
        await api.JsonAsync(200, "PATCH", Secrets + "/s", """{"data":{"token":null}}""", "application/merge-patch+json");
        await NextAsync(watch, c => c["object"]!["data"]?["token"] is null);
        await NextAsync(watch, c => c["object"]!["data"]?["token"] is not null);
        await api.JsonAsync(200, "DELETE", Secrets + "/s");
        Assert.Equal("401", await api.WhoAsync(Text(secret, "token")));
    }

    [Fact]
    public async Task They_go_with_their_account()
    {
        await using var api = await StartAsync();
        await api.CreateAsync(Secrets, Secret("s"));
        await api.CreateAsync(Secrets, """{"metadata":{"name":"other"}}""");
        await using var watch = await api.WatchAsync(Secrets + "?watch=1&fieldSelector=type%3Dkubernetes.io/service-account-token");
        var secret = await NextAsync(watch, c => c["object"]!["data"]?["token"] is not null);

        await api.JsonAsync(200, "DELETE", TokenWorld.Accounts + "/builder");
        await NextAsync(watch, c => (string?)c["type"] == "DELETED");

        Assert.Equal("401", await api.WhoAsync(Text(secret, "token")));
        // So do those of accounts that never were, or that are another one by now.
        await api.CreateAsync(Secrets, Secret("nobody", "absent"));
        await NextAsync(watch, c => (string?)c["type"] == "DELETED");
        await api.CreateAsync(TokenWorld.Accounts, """{"metadata":{"name":"builder"}}""");
        await api.CreateAsync(Secrets, Secret("older", more: ",\"kubernetes.io/service-account.uid\":\"another\""));
        await NextAsync(watch, c => (string?)c["type"] == "DELETED");
        await api.GetAsync(Secrets + "/other");
    }
}
