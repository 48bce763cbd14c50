using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Discovery;

/// <summary>
/// Serves discovery: <c>/api</c>, <c>/apis</c> and below, in the form that the client accepts. Documents are made on the first request.
/// </summary>
internal sealed class DiscoveryDocuments(KindRegistry kinds) : IPathHandler
{
    private const string Plain = "application/json";

    internal static readonly JsonSerializerOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        // Schemas of custom resources nest as deeply as their definitions do, in paths and components of the document.
        MaxDepth = 1000,
    };

    // The response depends on the Accept header, which caches must know.
    private static readonly KeyValuePair<string, string> Vary = new("Vary", "Accept");

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, CachedDocument> _documents = new(StringComparer.Ordinal);
    private long _version;

    /// <inheritdoc/>
    public IEnumerable<string> Paths =>
        kinds
            .GroupVersions.SelectMany(v =>
                v.Group.Length == 0 ? [$"/api/{v.Version}"] : new[] { $"/apis/{v.Group}", $"/apis/{v.Group}/{v.Version}" }
            )
            .Concat(["/api", "/apis"]);

    /// <summary>The answer to a discovery path; null for any other path, or when there is no such group or version.</summary>
    public ApiResponse? Answer(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD"))
        {
            return null;
        }
        var path = request.Path.TrimEnd('/');
        if (path is "/api" or "/apis")
        {
            return AggregatedVersion(request.Accept) is { } version
                ? Document($"{path} {version}", ContentType(version), () => AggregatedDiscovery.Write(kinds, path == "/api", version))!
                    .Answer(request, Vary)
                : Document(path, Plain, () => path == "/api" ? ResourceLists.CoreVersions(kinds) : ResourceLists.Groups(kinds))!
                    .Answer(request, Vary);
        }
        JsonObject? Make() =>
            path.Split('/') switch
            {
                ["", "api", var version] => Resources("", version),
                ["", "apis", var group] => ResourceLists.Group(kinds, group),
                ["", "apis", var group, var version] => Resources(group, version),
                _ => null,
            };
        return Document(path, Plain, Make)?.Answer(request);
    }

    private JsonObject? Resources(string group, string version) =>
        kinds.GroupVersions.FirstOrDefault(g => g.Group == group && g.Version == version) is { } found
            ? ResourceLists.Resources(kinds, found)
            : null;

    private CachedDocument? Document(string name, string contentType, Func<JsonObject?> make)
    {
        lock (_gate)
        {
            if (_version != kinds.Version)
            {
                _documents.Clear();
                _version = kinds.Version;
            }
            // Do not remember missing documents: clients choose the paths.
            if (!_documents.TryGetValue(name, out var document) && make() is { } made)
            {
                _documents[name] = document = new CachedDocument(JsonSerializer.SerializeToUtf8Bytes(made, Compact), contentType);
            }
            return document;
        }
    }

    private static string ContentType(string version) => $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList";

    /// <summary>The version of aggregated discovery that the client prefers over plain JSON, or null.</summary>
    private static string? AggregatedVersion(string accept)
    {
        foreach (var choice in accept.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = choice.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not ("application/json" or "*/*" or "application/*"))
            {
                continue;
            }
            if (!parts.Contains("as=APIGroupDiscoveryList"))
            {
                return null;
            }
            var version =
                parts.Contains("v=v2") ? "v2"
                : parts.Contains("v=v2beta1") ? "v2beta1"
                : null;
            if (version is not null && parts.Contains("g=apidiscovery.k8s.io"))
            {
                return version;
            }
        }
        return null;
    }
}
