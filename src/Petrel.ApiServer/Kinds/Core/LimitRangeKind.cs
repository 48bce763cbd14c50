using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 LimitRange: bounds and defaults for the resources of single objects of a namespace.</summary>
internal static class LimitRangeKind
{
    private static readonly string[] Types = ["Pod", "Container", "PersistentVolumeClaim"];
    private static readonly string[] Amounts = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
    private static readonly string[] Defaults = ["default", "defaultRequest"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "LimitRange", "limitranges", namespaced: true) with
        {
            ShortNames = ["limits"],
            Default = Default,
            Validate = Validate,
        };

    // A container's limit is its maximum, and its request is its limit or else its minimum, where nothing is said.
    private static void Default(JsonObject value)
    {
        foreach (var limit in value.Child("spec").Objects("limits").Where(l => l.Text("type") == "Container"))
        {
            Fill(limit, "default", limit.Child("max"));
            Fill(limit, "defaultRequest", limit.Child("default"));
            Fill(limit, "defaultRequest", limit.Child("min"));
        }
    }

    private static void Fill(JsonObject limit, string name, JsonObject? from)
    {
        foreach (var (resource, amount) in from?.ToList() ?? [])
        {
            var target = limit.Ensure(name);
            if (!target.Has(resource))
            {
                target[resource] = amount?.DeepClone();
            }
        }
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (limit, at) in value.Child("spec").Indexed("limits", "spec"))
        {
            var type = limit.Text("type");
            if (LabelSyntax.KeyProblem(type) is { } problem)
            {
                errors.Invalid($"{at}.type", type, problem);
            }
            else if (!type.Contains('/', StringComparison.Ordinal) && !Types.Contains(type))
            {
                errors.Invalid($"{at}.type", type, "must be a standard limit type or fully qualified");
            }
            if (!seen.Add(type))
            {
                errors.Duplicate($"{at}.type", type);
            }
            Names(limit, type, at, errors);
            var counted = type == "Pod" ? Amounts.Except(Defaults) : Amounts;
            foreach (var resource in counted.SelectMany(n => limit.Map(n).Select(m => m.Key)).Distinct().Order(StringComparer.Ordinal))
            {
                Order(limit, resource, type, at, errors);
            }
        }
    }

    private static void Names(JsonObject limit, string type, string path, FieldErrors errors)
    {
        foreach (var field in Amounts)
        {
            if (type == "Pod" && Defaults.Contains(field))
            {
                if (limit.Child(field) is { Count: > 0 })
                {
                    errors.Forbidden($"{path}.{field}", "may not be specified when `type` is 'Pod'");
                }
                continue;
            }
            if (
                field == "maxLimitRequestRatio"
                && type == "PersistentVolumeClaim"
                && !limit.Child("min").Has("storage")
                && !limit.Child("max").Has("storage")
            )
            {
                errors.Required($"{path}.limits", "either minimum or maximum storage value is required, but neither was provided");
            }
            foreach (var (name, _) in limit.Map(field))
            {
                if (type is "Pod" or "Container")
                {
                    ResourceNames.OfContainer(name, $"{path}.{field}[{name}]", errors);
                }
                else
                {
                    ResourceNames.Any(name, $"{path}.{field}[{name}]", errors);
                }
            }
        }
    }

    private static void Order(JsonObject limit, string resource, string type, string path, FieldErrors errors)
    {
        Quantity? Amount(string name) =>
            (type != "Pod" || !Defaults.Contains(name))
            && limit.Child(name) is { } map
            && map.Has(resource)
            && Quantity.TryParse(map.Text(resource), out var amount)
                ? amount
                : null;
        var (min, max) = (Amount("min"), Amount("max"));
        var (most, request) = (Amount("default"), Amount("defaultRequest"));
        void Check(Quantity? low, Quantity? high, string field, Quantity? shown, string lowName, string highName)
        {
            if (low is { } lower && high is { } upper && lower > upper)
            {
                errors.Invalid(
                    $"{path}.{field}[{resource}]",
                    shown.ToString(),
                    $"{lowName} value {lower} is greater than {highName} value {upper}"
                );
            }
        }
        Check(min, max, "min", min, "min", "max");
        Check(min, request, "defaultRequest", request, "min", "default request");
        Check(request, max, "defaultRequest", request, "default request", "max");
        Check(request, most, "defaultRequest", request, "default request", "default limit");
        Check(min, most, "default", min, "min", "default");
        Check(most, max, "default", max, "default", "max");
        if (Amount("maxLimitRequestRatio") is { } ratio)
        {
            Ratio(ratio, min, max, $"{path}.maxLimitRequestRatio[{resource}]", errors);
        }
        if (!ResourceNames.MayOvercommit(resource) && most is { } limited && request is { } requested && limited != requested)
        {
            errors.Invalid(
                $"{path}.defaultRequest[{resource}]",
                requested.ToString(),
                $"default value {limited} must equal to defaultRequest value {requested} in {resource}"
            );
        }
    }

    private static void Ratio(Quantity ratio, Quantity? min, Quantity? max, string path, FieldErrors errors)
    {
        if (ratio < Quantity.FromValue(1))
        {
            errors.Invalid(path, ratio.ToString(), $"ratio {ratio} is less than 1");
        }
        if (
            min is { } least
            && max is { } most
            && (double)most.MilliValue / least.MilliValue is var bound
            && ratio.MilliValue / 1000.0 > bound
        )
        {
            errors.Invalid(
                path,
                ratio.ToString(),
                string.Create(CultureInfo.InvariantCulture, $"ratio {ratio} is greater than max/min = {bound:F6}")
            );
        }
    }
}
