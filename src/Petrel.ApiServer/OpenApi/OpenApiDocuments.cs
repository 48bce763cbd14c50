using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Discovery;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;

namespace Petrel.ApiServer.OpenApi;

/// <summary>
/// Serves <c>/openapi/v3</c>: an index, and one document for each group and version, made on the first request. The index names each
/// with its hash, by which clients cache it.
/// </summary>
internal sealed class OpenApiDocuments(KindRegistry kinds) : IPathHandler
{
    private const string Root = "/openapi/v3";
    private const string ContentType = "application/json";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, CachedDocument> _documents = new(StringComparer.Ordinal);
    private CachedDocument? _index;
    private long _version;

    /// <inheritdoc/>
    public IEnumerable<string> Paths => kinds.GroupVersions.Select(version => $"{Root}/{version.Root}").Prepend(Root);

    /// <summary>The answer to a path under <c>/openapi/v3</c>; null for any other, or when there is no such group and version.</summary>
    public ApiResponse? Answer(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD") || !request.Path.StartsWith(Root, StringComparison.Ordinal))
        {
            return null;
        }
        var name = request.Path[Root.Length..];
        lock (_gate)
        {
            if (_version != kinds.Version)
            {
                _documents.Clear();
                _index = null;
                _version = kinds.Version;
            }
            if (name is "" or "/")
            {
                return (_index ??= Index()).Answer(request);
            }
            var version = name[0] == '/' ? kinds.GroupVersions.FirstOrDefault(g => g.Root == name[1..]) : null;
            return version is null ? null : Answer(request, Document(version));
        }
    }

    private static ApiResponse Answer(ApiRequest request, CachedDocument document)
    {
        if (request.QueryValue("hash") is not { Length: > 0 } hash)
        {
            return document.Answer(request);
        }
        // The client has the hash of an older document: redirect it to the current one.
        return hash == document.Hash
            ? document.Answer(request, new("Cache-Control", "public, immutable"), new("Expires", "Fri, 31 Dec 2117 23:59:59 GMT"))
            : new ApiResponse { StatusCode = 301, Headers = [new("Location", $"{request.Path}?hash={document.Hash}")] };
    }

    private CachedDocument Index()
    {
        var paths = new JsonObject();
        foreach (var version in kinds.GroupVersions)
        {
            paths[version.Root] = new JsonObject { ["serverRelativeURL"] = $"{Root}/{version.Root}?hash={Document(version).Hash}" };
        }
        return Made(new JsonObject { ["paths"] = paths });
    }

    private CachedDocument Document(GroupVersionKinds version)
    {
        if (!_documents.TryGetValue(version.Root, out var document))
        {
            _documents[version.Root] = document = Made(OpenApiWriter.Write(kinds, version));
        }
        return document;
    }

    private static CachedDocument Made(JsonObject document) =>
        new(JsonSerializer.SerializeToUtf8Bytes(document, DiscoveryDocuments.Compact), ContentType);
}
