using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Autoscaling;

/// <summary>
/// Metrics between autoscaling/v2, where what is measured and its target are objects of their own, and autoscaling/v1, where all are
/// members of one.
/// </summary>
internal static class MetricVersions
{
    private static readonly string[] Utilizations = ["Resource", "ContainerResource"];

    // Path in v2 and name in v1, for each type of metric.
    private static readonly Dictionary<string, (string V2, string V1)[]> Sources = new(StringComparer.Ordinal)
    {
        ["Resource"] =
        [
            ("name", "name"),
            ("target/averageUtilization", "targetAverageUtilization"),
            ("target/averageValue", "targetAverageValue"),
        ],
        ["ContainerResource"] =
        [
            ("name", "name"),
            ("target/averageUtilization", "targetAverageUtilization"),
            ("target/averageValue", "targetAverageValue"),
            ("container", "container"),
        ],
        ["Pods"] = [("metric/name", "metricName"), ("target/averageValue", "targetAverageValue"), ("metric/selector", "selector")],
        ["Object"] =
        [
            ("describedObject", "target"),
            ("metric/name", "metricName"),
            ("target/value", "targetValue"),
            ("metric/selector", "selector"),
            ("target/averageValue", "averageValue"),
        ],
        ["External"] =
        [
            ("metric/name", "metricName"),
            ("metric/selector", "metricSelector"),
            ("target/value", "targetValue"),
            ("target/averageValue", "targetAverageValue"),
        ],
    };

    private static readonly Dictionary<string, (string V2, string V1)[]> Statuses = new(StringComparer.Ordinal)
    {
        ["Resource"] =
        [
            ("name", "name"),
            ("current/averageUtilization", "currentAverageUtilization"),
            ("current/averageValue", "currentAverageValue"),
        ],
        ["ContainerResource"] =
        [
            ("name", "name"),
            ("current/averageUtilization", "currentAverageUtilization"),
            ("current/averageValue", "currentAverageValue"),
            ("container", "container"),
        ],
        ["Pods"] = [("metric/name", "metricName"), ("current/averageValue", "currentAverageValue"), ("metric/selector", "selector")],
        ["Object"] =
        [
            ("describedObject", "target"),
            ("metric/name", "metricName"),
            ("current/value", "currentValue"),
            ("metric/selector", "selector"),
            ("current/averageValue", "averageValue"),
        ],
        ["External"] =
        [
            ("metric/name", "metricName"),
            ("metric/selector", "metricSelector"),
            ("current/value", "currentValue"),
            ("current/averageValue", "currentAverageValue"),
        ],
    };

    public static JsonObject SourceToV1(JsonObject metric) => ToV1(metric, Sources);

    public static JsonObject StatusToV1(JsonObject metric) => ToV1(metric, Statuses);

    public static JsonObject StatusToV2(JsonObject metric) => ToV2(metric, Statuses);

    public static JsonObject SourceToV2(JsonObject metric)
    {
        var converted = ToV2(metric, Sources);
        if (converted.Child(Member(converted)).Child("target") is { } target)
        {
            var type =
                target.Has("averageUtilization") && Utilizations.Contains(metric.Text("type")) ? "Utilization"
                : target.Has("averageValue") ? "AverageValue"
                : "Value";
            target.Insert(0, "type", type);
        }
        return converted;
    }

    private static JsonObject ToV1(JsonObject metric, Dictionary<string, (string V2, string V1)[]> names)
    {
        var (type, member) = (metric.Text("type"), Member(metric));
        var converted = new JsonObject { ["type"] = type };
        if (metric.Child(member) is { } source && names.TryGetValue(type, out var fields))
        {
            var target = new JsonObject();
            foreach (var (path, name) in fields)
            {
                var parts = path.Split('/');
                var value = parts.Length == 1 ? source[parts[0]] : source.Child(parts[0])?[parts[1]];
                if (value is not null)
                {
                    target[name] = value.DeepClone();
                }
            }
            converted[member] = target;
        }
        return converted;
    }

    private static JsonObject ToV2(JsonObject metric, Dictionary<string, (string V2, string V1)[]> names)
    {
        var (type, member) = (metric.Text("type"), Member(metric));
        var converted = new JsonObject { ["type"] = type };
        if (metric.Child(member) is { } source && names.TryGetValue(type, out var fields))
        {
            var target = new JsonObject();
            foreach (var (path, name) in fields)
            {
                if (source[name] is { } value)
                {
                    var parts = path.Split('/');
                    (parts.Length == 1 ? target : target.Ensure(parts[0]))[parts[^1]] = value.DeepClone();
                }
            }
            converted[member] = target;
        }
        return converted;
    }

    private static string Member(JsonObject metric) =>
        metric.Text("type") is { Length: > 0 } type ? char.ToLowerInvariant(type[0]) + type[1..] : "";
}
