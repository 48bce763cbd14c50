using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Petrel.Model.Api;

namespace Petrel.Security.Tokens;

/// <summary>
/// RSA keys for service account tokens. The first key signs; all keys verify, so that tokens stay valid after a key rotation. As upstream,
/// a key's id is the digest of its public key, so every server and every verifier computes the same id.
/// </summary>
public sealed class TokenKeySet : ITokenKeys
{
    private static readonly JsonWebTokenHandler Handler = new();

    private readonly SigningCredentials _active;
    private readonly TokenValidationParameters _rules;
    private readonly JsonObject _public;

    /// <param name="keys">Private keys in PEM, newest first.</param>
    public TokenKeySet(params IReadOnlyList<string> keys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        var all = keys.Select(Load).ToList();
        _active = new(all[0], SecurityAlgorithms.RsaSha256);
        _rules = new()
        {
            IssuerSigningKeys = all,
            // Accept only RS256, whatever algorithm the token's header names. This rejects "none" and HMAC with the public key as the
            // secret.
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            RequireSignedTokens = true,
            // The caller validates issuer, audience and lifetime, because it knows its clock, issuer and audiences.
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
            TryAllIssuerSigningKeys = true,
        };
        _public = new() { ["keys"] = new JsonArray([.. all.Select(Public)]) };
    }

    /// <inheritdoc/>
    public JsonObject PublicKeys => _public.DeepClone().AsObject();

    /// <inheritdoc/>
    public string Sign(JsonObject claims) => Handler.CreateToken(claims.ToJsonString(), _active);

    /// <inheritdoc/>
    public JsonObject? Verify(string token)
    {
        // The keys are in memory, so the task completes synchronously.
        var result = Handler.ValidateTokenAsync(token, _rules).GetAwaiter().GetResult();
        return result.IsValid && result.SecurityToken is JsonWebToken valid
            ? JsonNode.Parse(Base64UrlEncoder.DecodeBytes(valid.EncodedPayload)) as JsonObject
            : null;
    }

    /// <summary>Generates a private key in PEM.</summary>
    public static string NewKey()
    {
        using var key = RSA.Create(2048);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static RsaSecurityKey Load(string pem)
    {
        var key = RSA.Create();
        key.ImportFromPem(pem);
        return new(key) { KeyId = Base64UrlEncoder.Encode(SHA256.HashData(key.ExportSubjectPublicKeyInfo())) };
    }

    private static JsonObject Public(RsaSecurityKey key)
    {
        var parameters = key.Rsa.ExportParameters(includePrivateParameters: false);
        return new()
        {
            ["use"] = "sig",
            ["kty"] = "RSA",
            ["kid"] = key.KeyId,
            ["alg"] = SecurityAlgorithms.RsaSha256,
            ["n"] = Base64UrlEncoder.Encode(parameters.Modulus),
            ["e"] = Base64UrlEncoder.Encode(parameters.Exponent),
        };
    }
}
