using System.Text.Json.Nodes;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>Caches the claims of tokens whose signature was verified: clients send the same token with every request.</summary>
internal sealed class VerifiedTokenCache(ITokenKeys keys)
{
    private const int Most = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, JsonObject> _claims = new(StringComparer.Ordinal);

    /// <summary>The token's claims, not to be changed; null when no key signed it.</summary>
    public JsonObject? Read(string token)
    {
        lock (_gate)
        {
            if (_claims.TryGetValue(token, out var known))
            {
                return known;
            }
        }
        var claims = keys.Verify(token);
        if (claims is not null)
        {
            lock (_gate)
            {
                if (_claims.Count >= Most)
                {
                    _claims.Clear();
                }
                _claims[token] = claims;
            }
        }
        return claims;
    }
}
