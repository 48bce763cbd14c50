using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 LimitRange: what single objects of a namespace may ask for, and get when they do not ask.</summary>
internal static class LimitRangeKind
{
    private static readonly string[] Amounts = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

    public static KindDefinition Definition { get; } = BuiltInKinds.Row("", "v1", "LimitRange", "limitranges", namespaced: true) with
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
            if (type.Length == 0)
            {
                errors.Required($"{at}.type");
            }
            else if (LabelSyntax.KeyProblem(type) is { } problem)
            {
                errors.Invalid($"{at}.type", type, problem);
            }
            else if (!seen.Add(type))
            {
                errors.Duplicate($"{at}.type", type);
            }
            if (type == "Pod")
            {
                foreach (var name in (ReadOnlySpan<string>)["default", "defaultRequest"])
                {
                    if (limit.Child(name) is { Count: > 0 } set)
                    {
                        errors.Forbidden($"{at}.{name}", $"may not be specified when `type` is 'Pod'");
                    }
                }
            }
            if (type == "PersistentVolumeClaim" && !limit.Child("min").Has("storage") && !limit.Child("max").Has("storage"))
            {
                errors.Required($"{at}", "either minimum or maximum storage value is required, but neither was provided");
            }
            foreach (var name in Amounts)
            {
                foreach (var (resource, amount) in limit.Map(name))
                {
                    Quantities.NotNegative(amount, $"{at}.{name}[{resource}]", errors);
                }
            }
            foreach (var resource in Amounts.SelectMany(n => limit.Map(n).Select(m => m.Key)).Distinct().Order(StringComparer.Ordinal))
            {
                Order(limit, resource, at, errors);
            }
        }
    }

    private static void Order(JsonObject limit, string resource, string path, FieldErrors errors)
    {
        Quantity? Amount(string name) => limit.Child(name) is { } map && map.Has(resource) && Quantity.TryParse(map.Text(resource), out var amount) ? amount : null;
        void Check(string low, string high, string highField)
        {
            if (Amount(low) is { } lower && Amount(high) is { } upper && lower > upper)
            {
                errors.Invalid($"{path}.{highField}[{resource}]", lower.ToString(), low switch
                {
                    "min" when high == "max" => $"min value {lower} is greater than max value {upper}",
                    "min" when high == "defaultRequest" => $"min value {lower} is greater than default request value {upper}",
                    "min" => $"min value {lower} is greater than default value {upper}",
                    "defaultRequest" when high == "max" => $"default request value {lower} is greater than max value {upper}",
                    "defaultRequest" => $"default request value {lower} is greater than default limit value {upper}",
                    _ => $"default value {lower} is greater than max value {upper}",
                });
            }
        }
        Check("min", "max", "min");
        Check("min", "defaultRequest", "defaultRequest");
        Check("defaultRequest", "max", "defaultRequest");
        Check("defaultRequest", "default", "defaultRequest");
        Check("min", "default", "default");
        Check("default", "max", "default");
        if (Amount("maxLimitRequestRatio") is { } ratio && ratio < Quantity.FromValue(1))
        {
            errors.Invalid($"{path}.maxLimitRequestRatio[{resource}]", ratio.ToString(), $"ratio {ratio} is less than 1");
        }
    }
}
