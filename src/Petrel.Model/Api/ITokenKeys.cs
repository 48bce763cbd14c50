using System.Text.Json.Nodes;

namespace Petrel.Model.Api;

/// <summary>The keys that service account tokens are signed with (JSON Web Tokens, RFC 7519, signed RS256).</summary>
public interface ITokenKeys
{
    /// <summary>A token that says this, signed with the active key.</summary>
    string Sign(JsonObject claims);

    /// <summary>
    /// What a token says, when one of the keys signed it; else null. Nothing but the signature is checked: not who issued it, for whom, nor
    /// its times.
    /// </summary>
    JsonObject? Verify(string token);

    /// <summary>The public halves of all keys (JSON Web Key Set, RFC 7517), for others who check tokens.</summary>
    JsonObject PublicKeys { get; }
}
