using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Metrics;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.ResourceMetrics;

/// <summary>
/// custom.metrics.k8s.io/v1beta2 and external.metrics.k8s.io/v1beta1, from the MetricSamples that are not too old. Their paths name metrics
/// where others name kinds: <c>namespaces/NS/RESOURCE[.GROUP]/NAME|*/METRIC</c>, <c>namespaces/NS/metrics/METRIC</c>, and
/// <c>namespaces/NS/METRIC</c>.
/// </summary>
internal sealed class SampledMetrics(KindRegistry kinds, CacheHub caches, TimeProvider time) : IVirtualResource
{
    public const string CustomGroup = "custom.metrics.k8s.io";
    public const string ExternalGroup = "external.metrics.k8s.io";

    /// <inheritdoc/>
    public bool Matches(RequestInfo info) => (info.Group, info.Version) is (CustomGroup, "v1beta2") or (ExternalGroup, "v1beta1");

    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(RequestInfo info, ApiRequest http, CancellationToken cancellationToken) =>
        new(info.Group == CustomGroup ? Custom(Readable(info), http) : External(Readable(info), http));

    private static RequestInfo Readable(RequestInfo info) => info.Verb is "get" or "list" ? info : throw StatusErrors.MethodNotAllowed();

    private ApiResponse External(RequestInfo info, ApiRequest http)
    {
        if (info.Namespace.Length == 0 || info.Name.Length > 0)
        {
            throw StatusErrors.NoSuchResource();
        }
        var selector = Selector(http, "labelSelector");
        return List(
            "ExternalMetricValueList",
            "external.metrics.k8s.io/v1beta1",
            Samples(info.Namespace)
                .Where(s => s.Text("spec", "metric") == info.Resource && !s.Has("spec", "describedObject") && selector.Matches(Labels(s)))
                .Select(s =>
                {
                    var value = Common(s);
                    value.Insert(0, "metricName", info.Resource);
                    value.Insert(
                        1,
                        "metricLabels",
                        s.Has("spec", "labels") ? JsonNode.Parse(s.At("spec", "labels").GetRawText()) : new JsonObject()
                    );
                    return value;
                })
        );
    }

    private ApiResponse Custom(RequestInfo info, ApiRequest http)
    {
        // namespaces/NS/metrics/METRIC is about the namespace itself.
        var (resource, name, metric) = info is { Resource: "metrics", Subresource: "" }
            ? ("namespaces", info.Namespace, info.Name)
            : (info.Resource, info.Name, info.Subresource);
        if (metric.Length == 0 || metric.Contains('/', StringComparison.Ordinal))
        {
            throw StatusErrors.NoSuchResource();
        }
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        var (plural, group) = dot < 0 ? (resource, "") : (resource[..dot], resource[(dot + 1)..]);
        var kind = kinds.All.FirstOrDefault(k => k.Gvk.Group == group && k.Plural == plural) ?? throw StatusErrors.NoSuchResource();
        var chosen = name == "*" ? Chosen(kind, info.Namespace, Selector(http, "labelSelector")) : null;
        var selector = Selector(http, "metricLabelSelector");
        var found = Samples(info.Namespace)
            .Where(s => s.Text("spec", "metric") == metric && IsAbout(s, kind) && selector.Matches(Labels(s)))
            .Where(s => chosen?.Contains(s.Text("spec", "describedObject", "name")) ?? s.Text("spec", "describedObject", "name") == name)
            .Select(s =>
            {
                var value = Common(s);
                var about = new JsonObject
                {
                    ["kind"] = kind.Gvk.Kind,
                    ["name"] = s.Text("spec", "describedObject", "name"),
                    ["apiVersion"] = kind.Gvk.ApiVersion,
                };
                if (kind.Namespaced)
                {
                    about.Insert(1, "namespace", info.Namespace);
                }
                value.Insert(0, "describedObject", about);
                value.Insert(1, "metric", new JsonObject { ["name"] = metric });
                return value;
            })
            .ToList();
        return found.Count > 0 || name == "*"
            ? List("MetricValueList", "custom.metrics.k8s.io/v1beta2", found)
            : throw new StatusException(404, "NotFound", $"the server could not find the metric {metric} for {resource} {name}");
    }

    private HashSet<string> Chosen(KindDefinition kind, string ns, LabelSelector selector)
    {
        var snapshot = caches.Of(kind).Current;
        var (start, end) = snapshot.Range(ns.Length > 0 ? ns + "/" : "", null);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in snapshot.Between(start, end))
        {
            if (selector.Matches(item.Labels))
            {
                names.Add(item.Name);
            }
        }
        return names;
    }

    private IEnumerable<JsonElement> Samples(string ns)
    {
        var now = time.GetUtcNow();
        var snapshot = caches.Of(MetricSampleKind.Definition).Current;
        var (start, end) = snapshot.Range(ns.Length > 0 ? ns + "/" : "", null);
        foreach (var item in snapshot.Between(start, end))
        {
            using var document = item.Parse();
            var sample = document.RootElement.Clone();
            if (At(sample) + TimeSpan.FromSeconds(sample.Number("spec", "expirationSeconds")) > now)
            {
                yield return sample;
            }
        }
    }

    private static bool IsAbout(JsonElement sample, KindDefinition kind)
    {
        var apiVersion = sample.Text("spec", "describedObject", "apiVersion");
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return sample.Text("spec", "describedObject", "kind") == kind.Gvk.Kind && (slash < 0 ? "" : apiVersion[..slash]) == kind.Gvk.Group;
    }

    private static JsonObject Common(JsonElement sample) =>
        new()
        {
            ["timestamp"] = sample.Text("spec", "timestamp"),
            ["windowSeconds"] = sample.Number("spec", "windowSeconds") is > 0 and var seconds ? seconds : null,
            ["value"] = sample.Text("spec", "value"),
        };

    private static DateTimeOffset At(JsonElement sample) =>
        DateTimeOffset.Parse(
            sample.Text("spec", "timestamp"),
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal
        );

    private static Dictionary<string, string> Labels(JsonElement sample) =>
        sample.At("spec", "labels") is { ValueKind: JsonValueKind.Object } labels
            ? labels.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal)
            : [];

    private static LabelSelector Selector(ApiRequest http, string parameter)
    {
        try
        {
            return LabelSelector.Parse(http.QueryValue(parameter) ?? "");
        }
        catch (FormatException e)
        {
            throw StatusErrors.BadRequest($"{parameter}: {e.Message}");
        }
    }

    private static ApiResponse List(string kind, string apiVersion, IEnumerable<JsonObject> items) =>
        new()
        {
            StatusCode = 200,
            Body = JsonBytes.Of(
                new JsonObject
                {
                    ["kind"] = kind,
                    ["apiVersion"] = apiVersion,
                    ["metadata"] = new JsonObject(),
                    ["items"] = new JsonArray([.. items]),
                }
            ),
        };
}
