using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Agent.Sources;

/// <summary>A token for a pod's service account.</summary>
/// <param name="Text">The token.</param>
/// <param name="RefreshAt">When the token must be replaced.</param>
/// <param name="Expires">When the token expires.</param>
internal sealed record ServiceAccountToken(byte[] Text, DateTimeOffset IssuedAt, DateTimeOffset RefreshAt, DateTimeOffset Expires);

/// <summary>
/// The service account tokens of the node's pods. Each is bound to its pod. A token is replaced after four fifths of its lifetime, or when
/// it is a day old (upstream: the kubelet's token manager).
/// </summary>
internal sealed class ServiceAccountTokenManager(ApiClient client, TimeProvider time)
{
    private const long DefaultSeconds = 3600;
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    // The delay after a failed refresh. Meanwhile the current token stays in use while it is valid.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<(string Audience, long Seconds), ServiceAccountToken>> _tokens = [];

    /// <summary>Returns the token that a source of a projected volume requests.</summary>
    /// <exception cref="ApiException">No valid token exists yet, and the API refuses to issue one.</exception>
    public async ValueTask<ServiceAccountToken> GetAsync(
        V1Pod pod,
        V1ServiceAccountTokenProjection source,
        CancellationToken cancellationToken
    )
    {
        var key = (source.Audience ?? "", source.ExpirationSeconds ?? DefaultSeconds);
        var now = time.GetUtcNow();
        var known = Find(pod.Metadata.Uid, key);
        // A token from the future was issued before the clock was set back: the API does not take it.
        if (known is not null && now < known.RefreshAt && now >= known.IssuedAt - Leeway)
        {
            return known;
        }
        try
        {
            return Keep(pod.Metadata.Uid, key, await RequestAsync(pod, key, now, cancellationToken));
        }
        catch (Exception e) when (known is not null && now < known.Expires && e is ApiException or IOException)
        {
            return Keep(pod.Metadata.Uid, key, known! with { RefreshAt = now + RetryDelay });
        }
    }

    /// <summary>Discards the tokens of a deleted pod.</summary>
    public void Forget(string podUid)
    {
        lock (_lock)
        {
            _tokens.Remove(podUid);
        }
    }

    private ServiceAccountToken? Find(string podUid, (string, long) key)
    {
        lock (_lock)
        {
            return _tokens.GetValueOrDefault(podUid)?.GetValueOrDefault(key);
        }
    }

    private ServiceAccountToken Keep(string podUid, (string, long) key, ServiceAccountToken token)
    {
        lock (_lock)
        {
            if (!_tokens.TryGetValue(podUid, out var own))
            {
                _tokens[podUid] = own = [];
            }
            return own[key] = token;
        }
    }

    private async ValueTask<ServiceAccountToken> RequestAsync(
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
        var response = await client.SendAsync(
            "POST",
            TypedKind<V1ServiceAccount>.Path(pod.Metadata.NamespaceProperty, account, "token"),
            [],
            Encoding.UTF8.GetBytes(request.ToJsonString()),
            "application/json",
            cancellationToken
        );
        var status = JsonNode.Parse(response.Body.Span)?["status"];
        if (
            (string?)status?["token"] is not { Length: > 0 } text
            || !DateTimeOffset.TryParse((string?)status["expirationTimestamp"], out var expires)
        )
        {
            throw new IOException($"the API answered the request for a token of service account \"{account}\" without one");
        }
        var refresh = (expires - now) * 0.8;
        return new(Encoding.UTF8.GetBytes(text), now, now + (refresh < MaxAge ? refresh : MaxAge), expires);
    }
}
