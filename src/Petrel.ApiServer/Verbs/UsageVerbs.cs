using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Metrics;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Usage;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Verbs;

/// <summary>
/// GET of PodMetrics and NodeMetrics. They have the labels of the pod or node that they are about, so that selectors find them.
/// </summary>
internal sealed class UsageVerbs(ServerParts parts, ListVerb lists, UsageCollector collector)
{
    public ApiResponse Run(ResourceRequest request)
    {
        var about = request.Kind == UsageKinds.Pods ? PodKind.Definition : NodeKind.Definition;
        var objects = parts.Caches.Of(about).Current;
        var measured = request.Kind == UsageKinds.Pods ? PodsOf(request.Info.Namespace) : Nodes();
        var options = request.Key.Name.Length > 0 ? null : ListOptions.Read(request.Http, request.Kind, watch: false);
        var found = measured
            .Where(m => request.Key.Name.Length == 0 || m.Path == request.PathPrefix + request.Key.Name)
            .Select(m => objects.Find(m.Path) is { } existing ? Wire(request, m.Path, m.At, m.Window, m.Usage, existing) : null)
            .OfType<WireObject>()
            .OrderBy(o => o.Path, StringComparer.Ordinal);
        if (options is null)
        {
            var one = found.FirstOrDefault() ?? throw StatusErrors.NotFound(request.Kind, request.Key.Name);
            return ObjectResponses.Object(request, one, parts.Time.GetUtcNow());
        }
        return lists.Respond(request, new ListPage([.. found.Where(options.Matches)], parts.Caches.Revision, "", null));
    }

    private IEnumerable<(string Path, DateTimeOffset At, TimeSpan Window, JsonObject Usage)> Nodes() =>
        from node in collector.Nodes.Values
        where node.Whole is not null
        select (
            node.Node,
            node.Latest.At,
            node.Window,
            new JsonObject { ["usage"] = Amounts(node.Whole!.Value.Cores, node.Whole.Value.Bytes) }
        );

    private IEnumerable<(string Path, DateTimeOffset At, TimeSpan Window, JsonObject Usage)> PodsOf(string ns) =>
        from node in collector.Nodes.Values
        from pod in node.Pods()
        where ns.Length == 0 || pod.Namespace == ns
        select (
            $"{pod.Namespace}/{pod.Pod}",
            node.Latest.At,
            pod.Window,
            new JsonObject
            {
                ["containers"] = new JsonArray([
                    .. pod.Containers.Select(c => new JsonObject { ["name"] = c.Name, ["usage"] = Amounts(c.Cores, c.Bytes) }),
                ]),
            }
        );

    private WireObject Wire(ResourceRequest request, string path, DateTimeOffset at, TimeSpan window, JsonObject usage, WireObject about)
    {
        using var document = about.Parse();
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
        metadata["creationTimestamp"] = Rfc3339(parts.Time.GetUtcNow());
        var value = new JsonObject
        {
            ["apiVersion"] = request.Kind.Gvk.ApiVersion,
            ["kind"] = request.Kind.Gvk.Kind,
            ["metadata"] = metadata,
            ["timestamp"] = Rfc3339(at),
            ["window"] = string.Create(CultureInfo.InvariantCulture, $"{window.TotalSeconds:0.###}s"),
        };
        foreach (var (name, member) in usage.ToArray())
        {
            usage.Remove(name);
            value[name] = member;
        }
        return new WireObject(request.Kind, path, StoredDocument.Encode(value), parts.Caches.Revision);
    }

    private static JsonObject Amounts(double cores, double bytes) =>
        new() { ["cpu"] = $"{(long)Math.Ceiling(cores * 1e9)}n", ["memory"] = $"{(long)bytes / 1024}Ki" };

    private static string Rfc3339(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
