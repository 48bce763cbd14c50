using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Autoscaling;

/// <summary>
/// HorizontalPodAutoscalers between autoscaling/v2, in which they are stored, and autoscaling/v1, which knows one metric: the use of
/// processors. What v1 has no field for it shows in annotations, and takes back from them (upstream:
/// pkg/apis/autoscaling/v1/conversion.go).
/// </summary>
internal static class AutoscalerVersions
{
    public const string MetricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";
    public const string CurrentMetricsAnnotation = "autoscaling.alpha.kubernetes.io/current-metrics";
    public const string ConditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions";
    public const string BehaviorAnnotation = "autoscaling.alpha.kubernetes.io/behavior";

    /// <summary>The default target of v1, in percent.</summary>
    public const int DefaultUtilization = 80;

    private const string Target = "targetCPUUtilizationPercentage";
    private const string Current = "currentCPUUtilizationPercentage";

    /// <summary>The document in v1; it takes over the members of its argument.</summary>
    public static JsonObject ToV1(JsonObject document)
    {
        document["apiVersion"] = "autoscaling/v1";
        var annotations = new List<(string Name, JsonNode Value)>();
        if (document.Child("spec") is { } spec)
        {
            var metrics = Take(spec, "metrics");
            if (metrics.FirstOrDefault(IsUtilization) is { } utilization)
            {
                spec[Target] = utilization.Child("resource").Child("target")!["averageUtilization"]!.DeepClone();
            }
            Note(annotations, MetricsAnnotation, metrics.Where(m => !IsUtilization(m)).Select(MetricVersions.SourceToV1));
            if (spec.Child("behavior") is { } behavior)
            {
                spec.Remove("behavior");
                annotations.Add((BehaviorAnnotation, Capitalised(behavior)!));
            }
        }
        if (document.Child("status") is { } status)
        {
            var metrics = Take(status, "currentMetrics");
            if (metrics.FirstOrDefault(IsCurrentUtilization) is { } utilization)
            {
                status[Current] = utilization.Child("resource").Child("current")!["averageUtilization"]!.DeepClone();
            }
            status.Fill("currentReplicas", 0);
            Note(annotations, CurrentMetricsAnnotation, metrics.Select(MetricVersions.StatusToV1));
            Note(annotations, ConditionsAnnotation, Take(status, "conditions").Select(c => (JsonObject)c.DeepClone()));
        }
        if (annotations.Count > 0)
        {
            var shown = document.Metadata().Ensure("annotations");
            annotations.ForEach(a => shown[a.Name] = a.Value.ToJsonString());
        }
        return document;
    }

    /// <summary>The document in v2; it takes over the members of its argument.</summary>
    public static JsonObject ToV2(JsonObject document)
    {
        document["apiVersion"] = "autoscaling/v2";
        var annotations = document.Metadata().Child("annotations");
        if (document.Child("spec") is { } spec)
        {
            List<JsonNode> metrics = [.. Noted(annotations, MetricsAnnotation).OfType<JsonObject>().Select(MetricVersions.SourceToV2)];
            if (Taken(spec, Target) is { } target)
            {
                metrics.Add(Utilization("target", new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = target }));
            }
            if (metrics.Count > 0)
            {
                spec["metrics"] = new JsonArray([.. metrics]);
            }
            if (Parse(annotations, BehaviorAnnotation) is JsonObject behavior)
            {
                spec["behavior"] = Uncapitalised(behavior);
            }
        }
        if (document.Child("status") is { } status)
        {
            List<JsonNode> metrics =
            [
                .. Noted(annotations, CurrentMetricsAnnotation).OfType<JsonObject>().Select(MetricVersions.StatusToV2),
            ];
            if (Taken(status, Current) is { } current && metrics.Count == 0)
            {
                metrics.Add(Utilization("current", new JsonObject { ["averageUtilization"] = current }));
            }
            status["currentMetrics"] = metrics.Count > 0 ? new JsonArray([.. metrics]) : null;
            if (Noted(annotations, ConditionsAnnotation) is { Count: > 0 } conditions)
            {
                status["conditions"] = conditions.DeepClone();
            }
            if (status.Number("currentReplicas") == 0)
            {
                status.Remove("currentReplicas");
            }
        }
        if (annotations is not null)
        {
            foreach (
                var name in (ReadOnlySpan<string>)[MetricsAnnotation, CurrentMetricsAnnotation, ConditionsAnnotation, BehaviorAnnotation]
            )
            {
                annotations.Remove(name);
            }
            if (annotations.Count == 0)
            {
                document.Metadata().Remove("annotations");
            }
        }
        return document;
    }

    /// <summary>v1 adds a default metric.</summary>
    public static void DefaultV1(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("minReplicas", 1);
        if (!spec.Has(Target) && Noted(value.Metadata().Child("annotations"), MetricsAnnotation).Count == 0)
        {
            spec[Target] = DefaultUtilization;
        }
    }

    private static bool IsUtilization(JsonObject metric) =>
        IsProcessors(metric) && metric.Child("resource").Child("target").Has("averageUtilization");

    private static bool IsCurrentUtilization(JsonObject metric) =>
        IsProcessors(metric) && metric.Child("resource").Child("current").Has("averageUtilization");

    private static bool IsProcessors(JsonObject metric) =>
        metric.Text("type") == "Resource" && metric.Child("resource").Text("name") == "cpu";

    private static JsonObject Utilization(string member, JsonObject amount) =>
        new()
        {
            ["type"] = "Resource",
            ["resource"] = new JsonObject { ["name"] = "cpu", [member] = amount },
        };

    private static List<JsonObject> Take(JsonObject parent, string name)
    {
        List<JsonObject> items = [.. parent.Objects(name)];
        parent.Remove(name);
        return items;
    }

    private static JsonNode? Taken(JsonObject parent, string name)
    {
        parent.Remove(name, out var value);
        return value;
    }

    private static void Note(List<(string Name, JsonNode Value)> annotations, string name, IEnumerable<JsonObject> items)
    {
        if (new JsonArray([.. items]) is { Count: > 0 } list)
        {
            annotations.Add((name, list));
        }
    }

    private static JsonArray Noted(JsonObject? annotations, string name) => Parse(annotations, name) as JsonArray ?? [];

    // Clients can write annotations: ignore what is not JSON.
    private static JsonNode? Parse(JsonObject? annotations, string name)
    {
        try
        {
            return annotations.Text(name) is { Length: > 0 } text ? JsonNode.Parse(text) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Upstream writes this annotation by the names that the members have in its program.
    private static JsonNode? Capitalised(JsonNode? value) => Renamed(value, char.ToUpperInvariant);

    private static JsonNode? Uncapitalised(JsonNode? value) => Renamed(value, char.ToLowerInvariant);

    private static JsonNode? Renamed(JsonNode? value, Func<char, char> first) =>
        value switch
        {
            JsonObject members => new JsonObject(
                members
                    .Where(m => m.Value is not null && m.Key.Length > 0)
                    .Select(m => KeyValuePair.Create(first(m.Key[0]) + m.Key[1..], Renamed(m.Value, first)))
            ),
            JsonArray items => new JsonArray([.. items.Select(i => Renamed(i, first))]),
            _ => value?.DeepClone(),
        };
}
