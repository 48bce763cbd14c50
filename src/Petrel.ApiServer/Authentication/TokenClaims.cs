using System.Text.Json.Nodes;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>
/// The claims of service account tokens: bound tokens of the TokenRequest API, which expire, and legacy tokens of Secrets, which do
/// not.
/// </summary>
internal static class TokenClaims
{
    /// <summary>The member that holds Kubernetes' private claims.</summary>
    public const string Private = "kubernetes.io";

    /// <summary>The issuer of tokens in Secrets.</summary>
    public const string LegacyIssuer = "kubernetes/serviceaccount";

    public const string LegacyNamespace = "kubernetes.io/serviceaccount/namespace";
    public const string LegacySecret = "kubernetes.io/serviceaccount/secret.name";
    public const string LegacyAccount = "kubernetes.io/serviceaccount/service-account.name";
    public const string LegacyUid = "kubernetes.io/serviceaccount/service-account.uid";

    /// <summary>The claims of a token for an account.</summary>
    /// <param name="token">Whose, for whom, how long.</param>
    /// <param name="issuer">Who says so.</param>
    /// <param name="now">Since when.</param>
    /// <param name="id">The token's own id.</param>
    public static JsonObject Of(BoundToken token, string issuer, DateTimeOffset now, string id)
    {
        var seconds = now.ToUnixTimeSeconds();
        var own = new JsonObject { ["namespace"] = token.Account.Namespace };
        foreach (var (name, reference) in new[] { ("node", token.Node), ("pod", token.Pod), ("secret", token.Secret) })
        {
            if (reference is { } bound)
            {
                own[name] = Reference(bound);
            }
        }
        own["serviceaccount"] = Reference(new(token.Account.Name, token.AccountUid));
        if (token.WarnAfterSeconds > 0)
        {
            own["warnafter"] = seconds + token.WarnAfterSeconds;
        }
        return new()
        {
            ["aud"] = new JsonArray([.. token.Audiences.Select(a => (JsonNode)a)]),
            ["exp"] = seconds + token.Seconds,
            ["iat"] = seconds,
            ["iss"] = issuer,
            ["jti"] = id,
            [Private] = own,
            ["nbf"] = seconds,
            ["sub"] = ServiceAccountNames.User(token.Account),
        };
    }

    /// <summary>The audiences of a token: one text, or a list.</summary>
    public static IReadOnlyList<string> Audiences(JsonObject claims) =>
        claims.Text("aud") is { Length: > 0 } one ? [one] : [.. claims.Texts("aud")];

    /// <summary>The object that the token is bound to under <paramref name="name"/>, or null.</summary>
    public static BoundObject? Bound(JsonObject claims, string name) =>
        claims.Child(Private).Child(name) is { } reference ? new(reference.Text("name"), reference.Text("uid")) : null;

    private static JsonObject Reference(BoundObject bound)
    {
        var reference = new JsonObject { ["name"] = bound.Name };
        if (bound.Uid.Length > 0)
        {
            reference["uid"] = bound.Uid;
        }
        return reference;
    }
}

/// <summary>An object whose deletion invalidates the token.</summary>
internal readonly record struct BoundObject(string Name, string Uid);

/// <summary>A token to be issued.</summary>
internal sealed record BoundToken(ObjectKey Account, string AccountUid, IReadOnlyList<string> Audiences, long Seconds)
{
    public BoundObject? Pod { get; init; }
    public BoundObject? Node { get; init; }
    public BoundObject? Secret { get; init; }

    /// <summary>When the client should have refreshed the token; 0 when there is no such time before it expires.</summary>
    public long WarnAfterSeconds { get; init; }
}
