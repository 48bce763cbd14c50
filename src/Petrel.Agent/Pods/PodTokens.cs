using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Agent.Pods;

/// <summary>
/// The service account tokens in a pod's volumes. Each is bound to the pod, and is replaced when four fifths of its time are over, or when
/// it is a day old (upstream: the kubelet's token manager).
/// </summary>
internal sealed class PodTokens(ApiClient client, TimeProvider time)
{
    private const long DefaultSeconds = 3600;
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    // After a failure the token at hand goes on being used, as long as it is good.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    private readonly Dictionary<(string Audience, long Seconds), Token> _tokens = [];

    /// <summary>When the first of them is to be replaced; null when there is none.</summary>
    public DateTimeOffset? Due => _tokens.Count == 0 ? null : _tokens.Values.Min(t => t.Due);

    /// <summary>The token that a source of a volume asks for.</summary>
    /// <exception cref="ApiException">There is none yet, and the API gives none.</exception>
    public async ValueTask<byte[]> GetAsync(V1Pod pod, V1ServiceAccountTokenProjection source, CancellationToken cancellationToken)
    {
        var key = (source.Audience ?? "", source.ExpirationSeconds ?? DefaultSeconds);
        var now = time.GetUtcNow();
        if (_tokens.TryGetValue(key, out var known) && now < known.Due)
        {
            return known.Text;
        }
        try
        {
            var fresh = await RequestAsync(pod, key, now, cancellationToken);
            _tokens[key] = fresh;
            return fresh.Text;
        }
        catch (Exception e)
            when (known is not null && now < known.Expires && e is ApiException or IOException)
        {
            _tokens[key] = known! with { Due = now + RetryDelay };
            return known.Text;
        }
    }

    private async ValueTask<Token> RequestAsync(
        V1Pod pod,
        (string Audience, long Seconds) key,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var account = pod.Spec.ServiceAccountName is { Length: > 0 } name ? name : "default";
        var request = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenRequest",
            ["spec"] = new JsonObject
            {
                ["audiences"] = key.Audience.Length == 0 ? [] : new JsonArray(key.Audience),
                ["expirationSeconds"] = key.Seconds,
                ["boundObjectRef"] = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Pod",
                    ["name"] = pod.Metadata.Name,
                    ["uid"] = pod.Metadata.Uid,
                },
            },
        };
        var answer = await client.SendAsync(
            "POST",
            TypedKind<V1ServiceAccount>.Path(pod.Metadata.NamespaceProperty, account, "token"),
            [],
            Encoding.UTF8.GetBytes(request.ToJsonString()),
            "application/json",
            cancellationToken
        );
        var status = JsonNode.Parse(answer.Body.Span)?["status"];
        if (
            (string?)status?["token"] is not { Length: > 0 } text
            || !DateTimeOffset.TryParse((string?)status["expirationTimestamp"], out var expires)
        )
        {
            throw new IOException($"the API answered the request for a token of service account \"{account}\" without one");
        }
        var refresh = (expires - now) * 0.8;
        return new(Encoding.UTF8.GetBytes(text), now + (refresh < MaxAge ? refresh : MaxAge), expires);
    }

    private sealed record Token(byte[] Text, DateTimeOffset Due, DateTimeOffset Expires);
}
