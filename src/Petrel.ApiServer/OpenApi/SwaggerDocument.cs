using System.Text.Json;
using Petrel.ApiServer.Discovery;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;

namespace Petrel.ApiServer.OpenApi;

/// <summary>Answers <c>/openapi/v2</c>, as JSON or as protobuf; made when first asked for.</summary>
internal sealed class SwaggerDocument(KindRegistry kinds) : IPathHandler
{
    private const string ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    // The media type that clients before 1.27 send.
    private const string OldProtobufType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    private static readonly KeyValuePair<string, string> Vary = new("Vary", "Accept");

    private readonly Lock _gate = new();
    private CachedDocument? _json;
    private CachedDocument? _protobuf;
    private long _version;

    /// <inheritdoc/>
    public IEnumerable<string> Paths => ["/openapi/v2"];

    /// <summary>The document; null for any other path.</summary>
    public ApiResponse? Answer(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD") || request.Path is not ("/openapi/v2" or "/openapi/v2/"))
        {
            return null;
        }
        var protobuf = request.Accept.Split(',', ';').Select(a => a.Trim()).Any(a => a is ProtobufType or OldProtobufType);
        lock (_gate)
        {
            if (_version != kinds.Version)
            {
                (_json, _protobuf, _version) = (null, null, kinds.Version);
            }
            return protobuf
                ? (_protobuf ??= new CachedDocument(SwaggerProtobuf.Encode(SwaggerWriter.Write(kinds)), ProtobufType)).Answer(request, Vary)
                : (
                    _json ??= new CachedDocument(
                        JsonSerializer.SerializeToUtf8Bytes(SwaggerWriter.Write(kinds), DiscoveryDocuments.Compact),
                        "application/json"
                    )
                ).Answer(request, Vary);
        }
    }
}
