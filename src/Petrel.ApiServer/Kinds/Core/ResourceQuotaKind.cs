using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ResourceQuota: what all objects of a namespace may use together.</summary>
internal static class ResourceQuotaKind
{
    private static readonly string[] Scopes =
    [
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "PriorityClass",
        "Terminating",
        "VolumeAttributesClass",
    ];

    private static readonly string[] Compute = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "ResourceQuota", "resourcequotas", namespaced: true) with
        {
            DeletionReturnsObject = true,
            ShortNames = ["quota"],
            HasStatus = true,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Request", "What is requested, and what may be.", static o =>
                    Shares(o, static name => !name.StartsWith("limits.", StringComparison.Ordinal))
                ),
                Shown("Limit", "What is the limit, and what may be.", static o =>
                    Shares(o, static name => name.StartsWith("limits.", StringComparison.Ordinal))
                ),
                Age,
            ],
        };

    private static string Shares(JsonElement quota, Func<string, bool> isShown)
    {
        if (quota.At("status", "hard") is not { ValueKind: JsonValueKind.Object } hard)
        {
            return "";
        }
        return string.Join(
            ", ",
            hard.EnumerateObject()
                .Where(h => isShown(h.Name))
                .OrderBy(h => h.Name, StringComparer.Ordinal)
                .Select(h =>
                    $"{h.Name}: {(quota.Text("status", "used", h.Name) is { Length: > 0 } used ? used : "0")}/{h.Value.GetString()}"
                )
        );
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Amounts(spec, "hard", "spec", errors);
        var scopes = spec.Texts("scopes").ToList();
        foreach (var scope in scopes)
        {
            Scope(
                scope,
                spec,
                () => errors.Invalid("spec.scopes", spec.List("scopes"), "unsupported scope"),
                "spec.scopes",
                spec.List("scopes"),
                errors
            );
        }
        Conflicts(scopes, spec, errors);
        if (spec.Child("scopeSelector") is { } selector)
        {
            foreach (var expression in selector.Objects("matchExpressions"))
            {
                Expression(expression, selector, spec, errors);
            }
            Conflicts([.. selector.Objects("matchExpressions").Select(e => e.Text("scopeName"))], spec, errors);
        }
        if (old is null)
        {
            return;
        }
        if (!scopes.ToHashSet().SetEquals(old.Child("spec").Texts("scopes")))
        {
            errors.Invalid("spec.scopes", spec.List("scopes"), "field is immutable");
        }
        Amounts(value.Child("status"), "hard", "status", errors);
        Amounts(value.Child("status"), "used", "status", errors);
    }

    private static void Amounts(JsonObject? parent, string field, string path, FieldErrors errors)
    {
        foreach (var (name, amount) in parent.Map(field))
        {
            ResourceNames.OfQuota(name, amount, $"{path}.{field}[{name}]", errors);
        }
    }

    /// <summary>Scopes must exist, and must apply to all standard resources of the quota.</summary>
    private static void Scope(string scope, JsonObject spec, Action unknown, string path, JsonNode? shown, FieldErrors errors)
    {
        if (!Scopes.Contains(scope))
        {
            unknown();
        }
        foreach (var name in spec.Map("hard").Select(h => h.Key).Where(ResourceNames.IsForQuotas).Order(StringComparer.Ordinal))
        {
            if (!IsCountedIn(scope, name))
            {
                errors.Invalid(path, shown, "unsupported scope applied to resource");
            }
        }
    }

    private static bool IsCountedIn(string scope, string resource) =>
        scope switch
        {
            "BestEffort" => resource == "pods",
            "NotBestEffort" or "Terminating" or "NotTerminating" or "PriorityClass" or "CrossNamespacePodAffinity" => resource == "pods"
                || Compute.Contains(resource),
            "VolumeAttributesClass" => resource is "persistentvolumeclaims" or "requests.storage",
            _ => true,
        };

    private static void Conflicts(List<string> scopes, JsonObject spec, FieldErrors errors)
    {
        foreach (var (one, other) in ((string, string)[])[("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")])
        {
            if (scopes.Contains(one) && scopes.Contains(other))
            {
                errors.Invalid("spec.scopes", spec.List("scopes"), "conflicting scopes");
            }
        }
    }

    // Upstream reports no index.
    private static void Expression(JsonObject expression, JsonObject selector, JsonObject spec, FieldErrors errors)
    {
        const string path = "spec.scopeSelector.matchExpressions";
        var scope = expression.Text("scopeName");
        Scope(scope, spec, () => errors.Invalid($"{path}.scopeName", scope, "unsupported scope"), path, selector, errors);
        var operation = expression.Text("operator");
        var values = expression.List("values")?.Count ?? 0;
        if (
            scope is "BestEffort" or "NotBestEffort" or "Terminating" or "NotTerminating" or "CrossNamespacePodAffinity"
            && operation != "Exists"
        )
        {
            errors.Invalid(
                $"{path}.operator",
                operation,
                "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                    + "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
            );
        }
        switch (operation)
        {
            case "In" or "NotIn":
                if (values == 0)
                {
                    errors.Required($"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                }
                break;
            case "Exists" or "DoesNotExist":
                if (values > 0)
                {
                    errors.Invalid(
                        $"{path}.values",
                        expression.List("values"),
                        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                    );
                }
                break;
            default:
                errors.Invalid($"{path}.operator", operation, "not a valid selector operator");
                break;
        }
    }
}
