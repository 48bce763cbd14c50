using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>
/// Tokens of the form <c>abcdef.0123456789abcdef</c> that new nodes join with; each is a Secret of kube-system (upstream: bootstrap token
/// authentication).
/// </summary>
internal sealed partial class BootstrapTokens(ApiServerOptions options, TimeProvider time, TokenBoundObjects objects)
{
    private const string Group = "system:bootstrappers";

    public async ValueTask<TokenAuthentication> ReadAsync(
        string token,
        IReadOnlyList<string> audiences,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<string> common = [.. options.ApiAudiences.Intersect(audiences)];
        if (common.Count == 0 || Form().Match(token) is not { Success: true } form)
        {
            return TokenAuthentication.Unknown;
        }
        var id = form.Groups[1].Value;
        var secret = await objects.FindAsync("secrets", new("kube-system", "bootstrap-token-" + id), cancellationToken);
        if (
            secret is null
            || secret.Child("metadata").Has("deletionTimestamp")
            || secret.Text("type") != "bootstrap.kubernetes.io/token"
            || !CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(Data(secret, "token-secret")),
                Encoding.UTF8.GetBytes(form.Groups[2].Value)
            )
            || Data(secret, "token-id") != id
            || HasExpired(secret)
            || Data(secret, "usage-bootstrap-authentication") != "true"
        )
        {
            return TokenAuthentication.Unknown;
        }
        var groups = Data(secret, "auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return groups.All(g => GroupForm().IsMatch(g))
            ? new(
                new(
                    $"system:bootstrap:{id}",
                    [.. groups.Append(Group).Distinct().Order(StringComparer.Ordinal), UserInfo.AuthenticatedGroup]
                ),
                common
            )
            : TokenAuthentication.Unknown;
    }

    // An expiration that is not a time counts as expired.
    private bool HasExpired(JsonObject secret) =>
        Data(secret, "expiration") is { Length: > 0 } end
        && !(
            DateTimeOffset.TryParse(end, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            && time.GetUtcNow() < until
        );

    private static string Data(JsonObject secret, string key) =>
        Encoding.UTF8.GetString(Convert.FromBase64String(secret.Child("data").Text(key)));

    [GeneratedRegex(@"\A([a-z0-9]{6})\.([a-z0-9]{16})\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")]
    private static partial Regex GroupForm();
}
