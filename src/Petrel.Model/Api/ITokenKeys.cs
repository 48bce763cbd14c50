using System.Text.Json.Nodes;

namespace Petrel.Model.Api;

/// <summary>The signing keys of service account tokens (JSON Web Tokens, RFC 7519, signed with RS256).</summary>
public interface ITokenKeys
{
    /// <summary>Creates a token with these claims, signed with the active key.</summary>
    string Sign(JsonObject claims);

    /// <summary>
    /// Returns the claims of a token that one of the keys signed; otherwise null. Only the signature is verified: not the issuer, the
    /// audience or the lifetime.
    /// </summary>
    JsonObject? Verify(string token);

    /// <summary>The public keys (JSON Web Key Set, RFC 7517), for other verifiers of tokens.</summary>
    JsonObject PublicKeys { get; }
}
