using System.Text.Json.Nodes;
using Petrel.ApiServer.Dispatching;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>
/// Publishes how to verify service account tokens (OpenID Connect Discovery 1.0): <c>/.well-known/openid-configuration</c> and the
/// public keys that it names.
/// </summary>
internal sealed class IssuerDocuments(ApiServerOptions options, ITokenKeys? keys) : IPathHandler
{
    private const string ConfigurationPath = "/.well-known/openid-configuration";
    private const string KeysPath = "/openid/v1/jwks";

    private static readonly KeyValuePair<string, string>[] Cached = [new("Cache-Control", "public, max-age=3600")];

    /// <inheritdoc/>
    public IEnumerable<string> Paths => keys is null ? [] : [ConfigurationPath, KeysPath];

    /// <inheritdoc/>
    public ApiResponse? Answer(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD") || keys is null)
        {
            return null;
        }
        return request.Path.TrimEnd('/') switch
        {
            ConfigurationPath => new ApiResponse
            {
                StatusCode = 200,
                Headers = Cached,
                Body = JsonBytes.Of(Configuration()),
            },
            KeysPath => new ApiResponse
            {
                StatusCode = 200,
                ContentType = "application/jwk-set+json",
                Headers = Cached,
                Body = JsonBytes.Of(keys.PublicKeys),
            },
            _ => null,
        };
    }

    private JsonObject Configuration() =>
        new()
        {
            ["issuer"] = options.ServiceAccountIssuer,
            ["jwks_uri"] = (options.PublicAddress.Length > 0 ? options.PublicAddress : options.ServiceAccountIssuer) + KeysPath,
            ["response_types_supported"] = new JsonArray("id_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
        };
}
