using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Autoscaling;

/// <summary>Upstream's rules for HorizontalPodAutoscalers.</summary>
internal static class AutoscalerValidation
{
    private const int MaxWindowSeconds = 3600;
    private const int MaxPeriodSeconds = 1800;

    private static readonly string[] MetricTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    private static readonly string[] SelectPolicies = ["Disabled", "Max", "Min"];

    public static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var minimum = spec.Number("minReplicas") ?? 1;
        var maximum = spec.Number("maxReplicas") ?? 0;
        var metrics = spec.Indexed("metrics", "spec").ToList();
        if (minimum < 0 || (minimum == 0 && !metrics.Any(m => m.Value.Text("type") is "Object" or "External")))
        {
            errors.Invalid("spec.minReplicas", minimum, "must be greater than or equal to 1");
        }
        if (maximum < 1)
        {
            errors.Invalid("spec.maxReplicas", maximum, "must be greater than 0");
        }
        if (maximum < minimum)
        {
            errors.Invalid("spec.maxReplicas", maximum, "must be greater than or equal to `minReplicas`");
        }
        Reference(spec.Child("scaleTargetRef"), "spec.scaleTargetRef", errors);
        foreach (var (metric, at) in metrics)
        {
            Metric(metric, at, errors);
        }
        Rules(spec.Child("behavior").Child("scaleUp"), "spec.behavior.scaleUp", errors);
        Rules(spec.Child("behavior").Child("scaleDown"), "spec.behavior.scaleDown", errors);
    }

    private static void Reference(JsonObject? reference, string path, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["kind", "name"])
        {
            var text = reference.Text(name);
            if (text.Length == 0)
            {
                errors.Required($"{path}.{name}");
            }
            else if (NameSyntax.PathSegmentProblem(text) is { } problem)
            {
                errors.Invalid($"{path}.{name}", text, problem);
            }
        }
    }

    private static void Metric(JsonObject metric, string path, FieldErrors errors)
    {
        var type = metric.Text("type");
        if (type.Length == 0)
        {
            errors.Required($"{path}.type", "must specify a metric source type");
            return;
        }
        if (!MetricTypes.Contains(type))
        {
            errors.NotSupported($"{path}.type", type, MetricTypes);
            return;
        }
        var member = char.ToLowerInvariant(type[0]) + type[1..];
        if (metric.Child(member) is not { } source)
        {
            errors.Required($"{path}.{member}", "must populate information for the given metric source");
            return;
        }
        path = $"{path}.{member}";
        switch (type)
        {
            case "Resource":
                Named(source, "name", path, "must specify a resource name", errors);
                break;
            case "ContainerResource":
                Named(source, "name", path, "must specify a resource name", errors);
                Named(source, "container", path, "must specify a container", errors);
                break;
            default:
                Named(source.Child("metric"), "name", $"{path}.metric", "must specify a metric name", errors);
                SelectorValidation.Validate(source.Child("metric").Child("selector"), $"{path}.metric.selector", errors);
                break;
        }
        if (type == "Object")
        {
            Reference(source.Child("describedObject"), $"{path}.describedObject", errors);
        }
        Target(source.Child("target"), type, $"{path}.target", errors);
    }

    private static void Named(JsonObject? parent, string field, string path, string why, FieldErrors errors)
    {
        if (parent.Text(field).Length == 0)
        {
            errors.Required($"{path}.{field}", why);
        }
    }

    private static void Target(JsonObject? target, string type, string path, FieldErrors errors)
    {
        if (target is null)
        {
            errors.Required(path, "must specify a metric target");
            return;
        }
        if (target.Text("type") is not ("Utilization" or "Value" or "AverageValue"))
        {
            errors.Invalid($"{path}.type", target.Text("type"), "must be either Utilization, Value, or AverageValue");
        }
        foreach (var amount in (ReadOnlySpan<string>)["value", "averageValue"])
        {
            if (target.Has(amount) && Quantity.TryParse(target.Text(amount), out var quantity) && quantity.Sign <= 0)
            {
                errors.Invalid($"{path}.{amount}", target.Text(amount), "must be positive");
            }
        }
        if (target.Number("averageUtilization") is < 1 and var utilization)
        {
            errors.Invalid($"{path}.averageUtilization", utilization, "must be greater than 0");
        }
        var perPod = target.Has("averageValue");
        switch (type)
        {
            case "Resource" or "ContainerResource":
                if (perPod == target.Has("averageUtilization"))
                {
                    errors.Required(
                        $"{path}.averageUtilization",
                        perPod
                            ? "may not set both a target raw value and a target utilization"
                            : "must set either a target raw value or a target utilization"
                    );
                }
                break;
            case "Pods" when !perPod:
                errors.Required($"{path}.averageValue", "must specify a positive target averageValue");
                break;
            case "Object" or "External" when perPod == target.Has("value"):
                errors.Required(
                    $"{path}.averageValue",
                    perPod
                        ? "may not set both a target value for metric and a per-pod target"
                        : "must set either a target value for metric or a per-pod target"
                );
                break;
        }
    }

    private static void Rules(JsonObject? rules, string path, FieldErrors errors)
    {
        if (rules is null)
        {
            return;
        }
        if (rules.Number("stabilizationWindowSeconds") is { } window && window is < 0 or > MaxWindowSeconds)
        {
            errors.Invalid(
                $"{path}.stabilizationWindowSeconds",
                window,
                window < 0 ? "must be greater than or equal to zero" : $"must be less than or equal to {MaxWindowSeconds}"
            );
        }
        if (!SelectPolicies.Contains(rules.Text("selectPolicy")))
        {
            errors.NotSupported($"{path}.selectPolicy", rules.Text("selectPolicy"), SelectPolicies);
        }
        foreach (var (policy, at) in rules.Indexed("policies", path))
        {
            if (policy.Text("type") is not ("Pods" or "Percent") and var type)
            {
                errors.NotSupported($"{at}.type", type, "Percent", "Pods");
            }
            if (policy.Number("value") is not > 0)
            {
                errors.Invalid($"{at}.value", policy.Number("value") ?? 0, "must be greater than zero");
            }
            if (policy.Number("periodSeconds") is not (>= 1 and <= MaxPeriodSeconds))
            {
                errors.Invalid(
                    $"{at}.periodSeconds",
                    policy.Number("periodSeconds") ?? 0,
                    policy.Number("periodSeconds") > MaxPeriodSeconds
                        ? $"must be less than or equal to {MaxPeriodSeconds}"
                        : "must be greater than zero"
                );
            }
        }
        if (rules.Has("tolerance") && Quantity.TryParse(rules.Text("tolerance"), out var tolerance) && tolerance.Sign < 0)
        {
            errors.Invalid($"{path}.tolerance", rules.Text("tolerance"), "must be greater than or equal to zero");
        }
    }
}
