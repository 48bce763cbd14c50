using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.ResourceMetrics;

/// <summary>One measured node or pod.</summary>
/// <param name="Path">Its path in the store: the node's name, or <c>namespace/name</c>.</param>
/// <param name="At">When it was measured.</param>
/// <param name="Window">What the rates are measured over.</param>
/// <param name="Usage">The members of the metrics document that say how much it uses.</param>
internal readonly record struct Measurement(string Path, DateTimeOffset At, TimeSpan Window, JsonObject Usage);

/// <summary>
/// GET of PodMetrics or NodeMetrics. A document has the labels of the pod or node that it is about, so that selectors find it.
/// </summary>
/// <param name="about">The kind that is measured.</param>
/// <param name="measured">What is measured in a namespace; in all when that is empty.</param>
internal sealed class UsageHandler(
    KindDefinition about,
    Func<string, IEnumerable<Measurement>> measured,
    CacheHub caches,
    TimeProvider time,
    ListVerb lists
) : IResourceHandler
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken) => new(Answer(request));

    private ApiResponse Answer(ResourceRequest request)
    {
        var objects = caches.Of(about).Current;
        var options = request.Key.Name.Length > 0 ? null : ListOptions.Read(request.Http, request.Kind, watch: false);
        var found = measured(request.Info.Namespace)
            .Where(m => request.Key.Name.Length == 0 || m.Path == request.PathPrefix + request.Key.Name)
            .Select(m => objects.Find(m.Path) is { } existing ? Wire(request, m, existing) : null)
            .OfType<WireObject>()
            .OrderBy(o => o.Path, StringComparer.Ordinal);
        if (options is null)
        {
            var one = found.FirstOrDefault() ?? throw StatusErrors.NotFound(request.Kind, request.Key.Name);
            return ObjectResponses.Object(request, one, time.GetUtcNow());
        }
        return lists.Respond(request, new ListPage([.. found.Where(options.Matches)], caches.Revision, "", null));
    }

    private WireObject Wire(ResourceRequest request, Measurement measurement, WireObject existing)
    {
        using var document = existing.Parse();
        var source = document.RootElement.GetProperty("metadata");
        var metadata = new JsonObject { ["name"] = source.GetProperty("name").GetString() };
        if (source.TryGetProperty("namespace", out var ns))
        {
            metadata["namespace"] = ns.GetString();
        }
        if (source.TryGetProperty("labels", out var labels))
        {
            metadata["labels"] = JsonNode.Parse(labels.GetRawText());
        }
        metadata["creationTimestamp"] = time.GetUtcNow().ToTimestamp();
        var value = new JsonObject
        {
            ["apiVersion"] = request.Kind.Gvk.ApiVersion,
            ["kind"] = request.Kind.Gvk.Kind,
            ["metadata"] = metadata,
            ["timestamp"] = measurement.At.ToTimestamp(),
            ["window"] = string.Create(CultureInfo.InvariantCulture, $"{measurement.Window.TotalSeconds:0.###}s"),
        };
        foreach (var (name, member) in measurement.Usage.ToArray())
        {
            measurement.Usage.Remove(name);
            value[name] = member;
        }
        return new WireObject(request.Kind, measurement.Path, StoredDocument.Encode(value), caches.Revision);
    }
}
