using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Autoscaling;

/// <summary>autoscaling/v2 HorizontalPodAutoscaler.</summary>
internal static class HorizontalPodAutoscalerKind
{
    private const string Unknown = "<unknown>";
    private const int ShownMetrics = 2;

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", namespaced: true) with
        {
            ShortNames = ["hpa"],
            Categories = ["all"],
            HasStatus = true,
            Default = Default,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["currentMetrics"] = null, ["desiredReplicas"] = 0 },
            Validate = AutoscalerValidation.Validate,
            Columns = TableColumns(Targets),
        };

    /// <summary>The columns, alike for all versions but for what is measured.</summary>
    public static IReadOnlyList<PrinterColumn> TableColumns(Func<JsonElement, string> targets) =>
        [
            Name,
            Shown("Reference", "What it scales.", static o =>
                $"{o.Text("spec", "scaleTargetRef", "kind")}/{o.Text("spec", "scaleTargetRef", "name")}"
            ),
            Shown("Targets", "What is measured, as it is and as it should be.", targets),
            Shown("MinPods", "The fewest pods.", static o =>
                o.Has("spec", "minReplicas") ? $"{o.Number("spec", "minReplicas")}" : "<unset>"
            ),
            Shown("MaxPods", "The most pods.", static o => o.Number("spec", "maxReplicas"), "integer"),
            Shown("Replicas", "How many pods there are.", static o => o.Number("status", "currentReplicas"), "integer"),
            Age,
        ];

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("minReplicas", 1);
        if (spec.List("metrics") is not { Count: > 0 })
        {
            spec["metrics"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Resource",
                    ["resource"] = new JsonObject
                    {
                        ["name"] = "cpu",
                        ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80 },
                    },
                }
            );
        }
        if (spec.Child("behavior") is not { } behavior)
        {
            return;
        }
        var up = behavior.Ensure("scaleUp");
        up.Fill("stabilizationWindowSeconds", 0);
        up.Fill("selectPolicy", "Max");
        if (up.List("policies") is not { Count: > 0 })
        {
            up["policies"] = new JsonArray(Policy("Pods", 4), Policy("Percent", 100));
        }
        var down = behavior.Ensure("scaleDown");
        down.Fill("selectPolicy", "Max");
        if (down.List("policies") is not { Count: > 0 })
        {
            down["policies"] = new JsonArray(Policy("Percent", 100));
        }
    }

    private static JsonObject Policy(string type, int value) =>
        new()
        {
            ["type"] = type,
            ["value"] = value,
            ["periodSeconds"] = 15,
        };

    /// <summary>What is measured, and what is wanted of it.</summary>
    public static string Targets(JsonElement value)
    {
        var specs = value.Items("spec", "metrics").ToArray();
        var statuses = value.Items("status", "currentMetrics").ToArray();
        if (specs.Length == 0)
        {
            return None;
        }
        var shown = specs.Take(ShownMetrics).Select((spec, i) => Target(spec, i < statuses.Length ? statuses[i] : default));
        var rest = specs.Length - ShownMetrics;
        return string.Join(", ", shown) + (rest > 0 ? $" + {rest} more..." : "");
    }

    private static string Target(JsonElement spec, JsonElement status)
    {
        var type = spec.Text("type");
        var member = type.Length == 0 ? "" : char.ToLowerInvariant(type[0]) + type[1..];
        var target = spec.At(member, "target");
        var current = status.At(member, "current");
        switch (type)
        {
            case "Resource" or "ContainerResource":
                return target.Has("averageValue")
                    ? $"{spec.Text(member, "name")}: {OrUnknown(current.Text("averageValue"))}/{target.Text("averageValue")}"
                    : $"{spec.Text(member, "name")}: "
                        + (current.Has("averageUtilization") ? $"{current.Number("averageUtilization")}%/" : $"{Unknown}/")
                        + (target.Has("averageUtilization") ? $"{target.Number("averageUtilization")}%" : "<auto>");
            case "Pods":
                return $"{OrUnknown(current.Text("averageValue"))}/{target.Text("averageValue")}";
            case "Object" or "External":
                return target.Has("averageValue")
                    ? $"{OrUnknown(current.Text("averageValue"))}/{target.Text("averageValue")} (avg)"
                    : $"{OrUnknown(current.Text("value"))}/{target.Text("value")}";
            default:
                return "<unknown type>";
        }
    }

    private static string OrUnknown(string text) => text.Length == 0 ? Unknown : text;
}
