using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>
/// Issues and verifies service account tokens (upstream: serviceaccount's JWT authenticator). A token is valid while its account, and
/// the pod, Secret or node that it is bound to, exist with the uid that they had when it was issued.
/// </summary>
internal sealed class ServiceAccountTokens(
    ApiServerOptions options,
    TimeProvider time,
    IEntropy entropy,
    TokenBoundObjects objects,
    ITokenKeys keys
)
{
    private const string ExtraPrefix = "authentication.kubernetes.io/";

    // Tolerated clock skew between machines.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    private readonly VerifiedTokenCache _verified = new(keys);

    public string Issue(BoundToken token) =>
        keys.Sign(TokenClaims.Of(token, options.ServiceAccountIssuer, time.GetUtcNow(), entropy.NewUid()));

    /// <summary>The token of a Secret: it does not expire, and is valid while the Secret holds it.</summary>
    public string IssueForSecret(ObjectKey account, string accountUid, string secret) =>
        keys.Sign(
            new JsonObject
            {
                ["iss"] = TokenClaims.LegacyIssuer,
                [TokenClaims.LegacyNamespace] = account.Namespace,
                [TokenClaims.LegacySecret] = secret,
                [TokenClaims.LegacyAccount] = account.Name,
                [TokenClaims.LegacyUid] = accountUid,
                ["sub"] = ServiceAccountNames.User(account),
            }
        );

    public async ValueTask<TokenAuthentication> ReadAsync(
        string token,
        IReadOnlyList<string> audiences,
        CancellationToken cancellationToken
    )
    {
        if (_verified.Read(token) is not { } claims)
        {
            return TokenAuthentication.Unknown;
        }
        var issuer = claims.Text("iss");
        if (issuer != options.ServiceAccountIssuer && issuer != TokenClaims.LegacyIssuer)
        {
            return TokenAuthentication.Unknown;
        }
        var own = TokenClaims.Audiences(claims);
        // Tokens without audiences are meant for the API server.
        IReadOnlyList<string> common = [.. (own.Count > 0 ? own : options.ApiAudiences).Intersect(audiences)];
        if (common.Count == 0)
        {
            return TokenAuthentication.Refused(
                $"token audiences [{Quoted(own)}] is invalid for the target audiences [{Quoted(audiences)}]"
            );
        }
        if (TimeProblem(claims) is { } problem)
        {
            return TokenAuthentication.Refused(problem);
        }
        return
            (
                issuer == TokenClaims.LegacyIssuer
                    ? await LegacyAsync(token, claims, cancellationToken)
                    : await BoundAsync(claims, cancellationToken)
            )
                is (var user, var why)
            && why.Length > 0
            ? TokenAuthentication.Refused(why)
            : new(user, common);
    }

    private string? TimeProblem(JsonObject claims)
    {
        var now = time.GetUtcNow();
        return claims.Number("exp") is { } end && now - Leeway > DateTimeOffset.FromUnixTimeSeconds(end)
                ? "service account token has expired"
            : (claims.Number("nbf") is { } start && now + Leeway < DateTimeOffset.FromUnixTimeSeconds(start))
            || (claims.Number("iat") is { } issued && now + Leeway < DateTimeOffset.FromUnixTimeSeconds(issued))
                ? "service account token is not valid yet"
            : null;
    }

    private async ValueTask<(UserInfo? User, string Problem)> BoundAsync(JsonObject claims, CancellationToken cancellationToken)
    {
        var space = claims.Child(TokenClaims.Private).Text("namespace");
        if (TokenClaims.Bound(claims, "serviceaccount") is not { } account || space.Length == 0)
        {
            return (null, "service account token claims could not be validated due to unexpected error");
        }
        var (pod, node, secret) = (
            TokenClaims.Bound(claims, "pod"),
            TokenClaims.Bound(claims, "node"),
            TokenClaims.Bound(claims, "secret")
        );
        var problem = await ProblemAsync("serviceaccounts", "service account", space, account, cancellationToken)
            ?? (secret is { } s ? await ProblemAsync("secrets", "bound secret", space, s, cancellationToken) : null)
            ?? (pod is { } p ? await ProblemAsync("pods", "bound pod", space, p, cancellationToken) : null)
            // For a pod's token the node is informational.
            ?? (node is { } n && pod is null ? await ProblemAsync("nodes", "bound node", "", n, cancellationToken) : null);
        if (problem is not null)
        {
            return (null, problem);
        }
        var extra = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (claims.Text("jti") is { Length: > 0 } id)
        {
            extra["credential-id"] = $"JTI={id}";
        }
        foreach (var (name, bound) in new[] { ("pod", pod), ("node", node) })
        {
            if (bound is { } known)
            {
                extra[$"{name}-name"] = known.Name;
                if (known.Uid.Length > 0)
                {
                    extra[$"{name}-uid"] = known.Uid;
                }
            }
        }
        return (
            UserOf(new(space, account.Name), account.Uid) with
            {
                Extra = [.. extra.Select(e => KeyValuePair.Create(ExtraPrefix + e.Key, (IReadOnlyList<string>)[e.Value]))],
            },
            ""
        );
    }

    // The object does not exist, has been terminating for longer than the clock skew, or has another uid.
    private async ValueTask<string?> ProblemAsync(
        string plural,
        string what,
        string space,
        BoundObject bound,
        CancellationToken cancellationToken
    )
    {
        var shown = space.Length == 0 ? bound.Name : $"{space}/{bound.Name}";
        var metadata = (await objects.FindAsync(plural, new(space, bound.Name), cancellationToken)).Child("metadata");
        if (metadata is null)
        {
            return $"{what} {shown} not found";
        }
        if (
            metadata.Text("deletionTimestamp") is { Length: > 0 } deleted
            && DateTimeOffset.Parse(deleted, CultureInfo.InvariantCulture) < time.GetUtcNow() - Leeway
        )
        {
            return $"{what} {shown} has been deleted";
        }
        return metadata.Text("uid") == bound.Uid ? null : $"{what} UID ({metadata.Text("uid")}) does not match claim ({bound.Uid})";
    }

    private async ValueTask<(UserInfo? User, string Problem)> LegacyAsync(
        string token,
        JsonObject claims,
        CancellationToken cancellationToken
    )
    {
        var account = new ObjectKey(claims.Text(TokenClaims.LegacyNamespace), claims.Text(TokenClaims.LegacyAccount));
        if (ServiceAccountNames.Account(claims.Text("sub")) != account)
        {
            return (null, "sub claim is invalid");
        }
        var secret = await objects.FindAsync("secrets", new(account.Namespace, claims.Text(TokenClaims.LegacySecret)), cancellationToken);
        if (secret is null || secret.Child("metadata").Has("deletionTimestamp"))
        {
            return (null, "service account token has been invalidated");
        }
        if (secret.Child("data").Text("token") != Convert.ToBase64String(Encoding.UTF8.GetBytes(token)))
        {
            return (null, "service account token does not match server's copy");
        }
        var uid = claims.Text(TokenClaims.LegacyUid);
        return
            await ProblemAsync("serviceaccounts", "service account", account.Namespace, new(account.Name, uid), cancellationToken)
                is { } problem
            ? (null, problem)
            : (UserOf(account, uid), "");
    }

    private static UserInfo UserOf(ObjectKey account, string uid) =>
        new(ServiceAccountNames.User(account), [.. ServiceAccountNames.Groups(account.Namespace), UserInfo.AuthenticatedGroup], uid);

    private static string Quoted(IEnumerable<string> texts) => string.Join(' ', texts.Select(t => $"\"{t}\""));
}
