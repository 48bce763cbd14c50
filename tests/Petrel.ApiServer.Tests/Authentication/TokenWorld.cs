using System.Text;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Composition;
using Petrel.Model.Api;
using Petrel.Security.Tokens;

namespace Petrel.ApiServer.Tests.Authentication;

/// <summary>An API server that issues tokens, and short ways to get and show them.</summary>
internal static class TokenWorld
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";
    public const string Accounts = "/api/v1/namespaces/default/serviceaccounts";

    // Making keys takes long; the tests share them.
    public static readonly string FirstKey = TokenKeySet.NewKey();
    public static readonly string SecondKey = TokenKeySet.NewKey();
    public static readonly TokenKeySet Keys = new(FirstKey);

    public static async Task<TestApi> StartAsync(ITokenKeys? keys = null)
    {
        var api = await TestApi.StartAsync(new ApiServerOptions { KeepDefaultRoles = true }, tokenKeys: keys ?? Keys);
        await api.CreateAsync(Accounts, """{"metadata":{"name":"builder"}}""");
        return api;
    }

    /// <summary>A token of the account <c>builder</c>.</summary>
    public static async Task<string> TokenAsync(this TestApi api, string spec = "{}") =>
        (string)(await api.JsonAsync(201, "POST", $"{Accounts}/builder/token", $$"""{"spec":{{spec}}}"""))["status"]!["token"]!;

    /// <summary>A token of the account with any claims, signed with the key.</summary>
    public static async Task<JsonObject> ClaimsAsync(this TestApi api) => Claims(await api.TokenAsync());

    public static JsonObject Claims(string token) => Part(token, 1);

    public static JsonObject Part(string token, int index) => JsonNode.Parse(Decode(token.Split('.')[index]))!.AsObject();

    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    public static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    /// <summary>What a TokenReview answers.</summary>
    public static async Task<JsonObject> ReviewAsync(this TestApi api, string token, string audiences = "[]") =>
        (
            await api.JsonAsync(
                201,
                "POST",
                "/apis/authentication.k8s.io/v1/tokenreviews",
                $$$"""{"spec":{"token":"{{{token}}}","audiences":{{{audiences}}}}}"""
            )
        )["status"]!.AsObject();

    /// <summary>The user that the server authenticates the token as, or the status of its refusal.</summary>
    public static async Task<string> WhoAsync(this TestApi api, string token, Impersonation? impersonation = null, UserInfo? user = null)
    {
        var response = await api.SendAsync(
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            "{}",
            token: token,
            impersonation: impersonation,
            user: user
        );
        return response.IsSuccess
            ? (string)JsonNode.Parse(response.Body.Span)!["status"]!["userInfo"]!["username"]!
            : response.StatusCode.ToString();
    }

    private static byte[] Decode(string part)
    {
        var text = part.Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
    }
}
