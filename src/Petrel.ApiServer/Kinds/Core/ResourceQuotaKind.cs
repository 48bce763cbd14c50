using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ResourceQuota: what all objects of a namespace may use together.</summary>
internal static class ResourceQuotaKind
{
    private static readonly string[] Scopes =
        ["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass"];

    private static readonly string[] Standard =
    [
        "cpu", "memory", "ephemeral-storage", "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
        "requests.storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    ];

    public static KindDefinition Definition { get; } = BuiltInKinds.Row("", "v1", "ResourceQuota", "resourcequotas", namespaced: true) with
    {
        ShortNames = ["quota"],
        HasStatus = true,
        PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
        Validate = Validate,
        Columns =
        [
            Name,
            Shown("Request", "What is requested, and what may be.", static o => Amounts(o, static name => !name.StartsWith("limits", StringComparison.Ordinal))),
            Shown("Limit", "What is the limit, and what may be.", static o => Amounts(o, static name => name.StartsWith("limits", StringComparison.Ordinal))),
            Age,
        ],
    };

    private static string Amounts(JsonElement quota, Func<string, bool> isShown)
    {
        if (quota.At("status", "hard") is not { ValueKind: JsonValueKind.Object } hard)
        {
            return "";
        }
        return string.Join(", ", hard.EnumerateObject().Where(h => isShown(h.Name)).OrderBy(h => h.Name, StringComparer.Ordinal)
            .Select(h => $"{h.Name}: {(quota.Text("status", "used", h.Name) is { Length: > 0 } used ? used : "0")}/{h.Value.GetString()}"));
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        foreach (var (name, amount) in spec.Map("hard"))
        {
            var path = $"spec.hard[{name}]";
            if (!Standard.Contains(name) && !name.Contains('/', StringComparison.Ordinal) && !name.Contains("hugepages-", StringComparison.Ordinal))
            {
                errors.Invalid(path, name, "must be a standard resource for quota");
            }
            else if (LabelSyntax.KeyProblem(name.StartsWith("requests.", StringComparison.Ordinal) ? name["requests.".Length..] : name) is { } problem)
            {
                errors.Invalid(path, name, problem);
            }
            Quantities.NotNegative(amount, path, errors);
        }
        var scopes = spec.Texts("scopes").ToList();
        foreach (var scope in scopes.Where(s => !Scopes.Contains(s)))
        {
            errors.Invalid("spec.scopes", spec.List("scopes"), $"unsupported scope {scope}");
        }
        if ((scopes.Contains("BestEffort") && scopes.Contains("NotBestEffort")) || (scopes.Contains("Terminating") && scopes.Contains("NotTerminating")))
        {
            errors.Invalid("spec.scopes", spec.List("scopes"), "conflicting scopes");
        }
        foreach (var (expression, at) in spec.Child("scopeSelector").Indexed("matchExpressions", "spec.scopeSelector"))
        {
            Expression(expression, at, errors);
        }
        if (old is not null && !JsonNode.DeepEquals(spec.List("scopes") ?? [], old.Child("spec").List("scopes") ?? []))
        {
            errors.Invalid("spec.scopes", spec.List("scopes"), "field is immutable");
        }
    }

    private static void Expression(JsonObject expression, string path, FieldErrors errors)
    {
        var scope = expression.Text("scopeName");
        var values = expression.List("values")?.Count ?? 0;
        if (!Scopes.Contains(scope))
        {
            errors.Invalid($"{path}.scopeName", scope, "unsupported scope");
        }
        switch (expression.Text("operator"))
        {
            case "In" or "NotIn":
                if (values == 0)
                {
                    errors.Required($"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                }
                if (scope is "BestEffort" or "NotBestEffort" or "Terminating" or "NotTerminating" or "CrossNamespacePodAffinity")
                {
                    errors.Invalid($"{path}.operator", expression.Text("operator"), "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
                }
                break;
            case "Exists" or "DoesNotExist":
                if (values > 0)
                {
                    errors.Invalid($"{path}.values", expression.List("values"), "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                }
                break;
            case var other:
                errors.Invalid($"{path}.operator", other, "not a valid selector operator");
                break;
        }
    }
}
