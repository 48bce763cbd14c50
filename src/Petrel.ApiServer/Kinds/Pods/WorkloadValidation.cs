using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>
/// Upstream's rules for what runs pods of a template: Deployments and ReplicaSets, and the parts that all workloads share.
/// </summary>
internal static class WorkloadValidation
{
    public static void Deployment(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Quantities.NotNegative(spec.Number("replicas"), "spec.replicas", errors);
        Selector(spec.Child("selector"), "deployment", errors);
        Template(spec, spec.Child("selector"), "ReplicaSet", errors);
        Strategy(spec.Child("strategy"), errors);
        Quantities.NotNegative(spec.Number("minReadySeconds"), "spec.minReadySeconds", errors);
        Quantities.NotNegative(spec.Number("revisionHistoryLimit"), "spec.revisionHistoryLimit", errors);
        if (spec.Number("progressDeadlineSeconds") is { } deadline)
        {
            Quantities.NotNegative(deadline, "spec.progressDeadlineSeconds", errors);
            if (deadline <= (spec.Number("minReadySeconds") ?? 0))
            {
                errors.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
            }
        }
        SelectorStays(spec, old, errors);
    }

    public static void ReplicaSet(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Quantities.NotNegative(spec.Number("replicas"), "spec.replicas", errors);
        Quantities.NotNegative(spec.Number("minReadySeconds"), "spec.minReadySeconds", errors);
        // Upstream's message says "deployment" here too.
        Selector(spec.Child("selector"), "deployment", errors);
        Template(spec, spec.Child("selector"), "ReplicaSet", errors);
        SelectorStays(spec, old, errors);
    }

    /// <summary>The selector is immutable.</summary>
    public static void SelectorStays(JsonObject spec, JsonObject? old, FieldErrors errors)
    {
        if (old is not null && !JsonNode.DeepEquals(spec.Child("selector"), old.Child("spec").Child("selector")))
        {
            errors.Invalid("spec.selector", spec.Child("selector"), "field is immutable");
        }
    }

    /// <summary>A selector that must be there and select something.</summary>
    public static void Selector(JsonObject? selector, string kind, FieldErrors errors)
    {
        if (selector is null)
        {
            errors.Required("spec.selector");
            return;
        }
        SelectorValidation.Validate(selector, "spec.selector", errors);
        NotEmpty(selector, kind, errors);
    }

    /// <summary>Refuses a selector that chooses everything.</summary>
    public static void NotEmpty(JsonObject? selector, string kind, FieldErrors errors)
    {
        if (selector is not null && SelectorValidation.IsEmpty(selector))
        {
            errors.Invalid("spec.selector", selector, $"empty selector is invalid for {kind}");
        }
    }

    /// <summary>A template with restartPolicy Always, whose labels the selector matches.</summary>
    public static void Template(JsonObject spec, JsonObject? selector, string kind, FieldErrors errors)
    {
        if (selector is null && spec.Has("template"))
        {
            Unselected(spec.Child("template").Child("metadata"), "spec.template", errors);
        }
        if (!PodTemplate(spec, selector, "spec", errors))
        {
            return;
        }
        var template = spec.Child("template");
        if (template.Child("spec").Text("restartPolicy") is { Length: > 0 } and not "Always" and var policy)
        {
            errors.NotSupported("spec.template.spec.restartPolicy", policy, "Always");
        }
        if (template.Child("spec").Has("activeDeadlineSeconds"))
        {
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {kind} is not Supported");
        }
    }

    /// <summary>The <c>template</c> of a spec at a path; false when there is none.</summary>
    public static bool PodTemplate(JsonObject spec, JsonObject? selector, string path, FieldErrors errors)
    {
        if (spec.Child("template") is not { } template)
        {
            errors.Required($"{path}.template");
            return false;
        }
        var metadata = template.Child("metadata");
        if (selector is not null && !SelectorValidation.IsEmpty(selector) && !Selects(selector, metadata.Child("labels")))
        {
            Unselected(metadata, $"{path}.template", errors);
        }
        MetadataValidation.Labels(metadata, "labels", $"{path}.template", errors);
        MetadataValidation.Annotations(metadata, $"{path}.template", errors);
        PodValidation.Spec(template.Child("spec") ?? [], $"{path}.template.spec", isPod: false, errors);
        if (template.Child("spec").List("ephemeralContainers") is { Count: > 0 })
        {
            errors.Forbidden($"{path}.template.spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
        }
        return true;
    }

    private static void Unselected(JsonObject? metadata, string path, FieldErrors errors) =>
        errors.Invalid($"{path}.metadata.labels", metadata.Child("labels"), "`selector` does not match template `labels`");

    private static bool Selects(JsonObject selector, JsonObject? labels)
    {
        try
        {
            return LabelSelector.FromDocument(selector).Matches(JsonSerializer.SerializeToElement(labels ?? []));
        }
        catch (FormatException)
        {
            // A selector that cannot be read has been reported already.
            return true;
        }
    }

    private static void Strategy(JsonObject? strategy, FieldErrors errors)
    {
        switch (strategy.Text("type"))
        {
            case "Recreate":
                if (strategy.Has("rollingUpdate"))
                {
                    errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                }
                break;
            case "RollingUpdate":
                RollingUpdate(strategy.Child("rollingUpdate"), errors);
                break;
            default:
                errors.Add(
                    "FieldValueNotSupported",
                    "spec.strategy",
                    $"Unsupported value: {Shown(strategy, UnsetUpdate())}: supported values: \"Recreate\", \"RollingUpdate\""
                );
                break;
        }
    }

    /// <summary>A strategy as upstream's messages print it: in Go's field names, with unset fields.</summary>
    public static string Shown(JsonObject? strategy, JsonObject unset) =>
        new JsonObject
        {
            ["Type"] = strategy.Text("type"),
            ["RollingUpdate"] = strategy.Child("rollingUpdate") is { } update ? ShownUpdate(update, unset) : null,
        }.ToJsonString();

    /// <summary>A rolling update as upstream's messages show it.</summary>
    public static JsonObject ShownUpdate(JsonObject update, JsonObject unset) =>
        new(unset.Select(m => KeyValuePair.Create(m.Key, (update[char.ToLowerInvariant(m.Key[0]) + m.Key[1..]] ?? m.Value)?.DeepClone())));

    /// <summary>An empty rolling update.</summary>
    public static JsonObject UnsetUpdate() => new() { ["MaxUnavailable"] = 0, ["MaxSurge"] = 0 };

    private static void RollingUpdate(JsonObject? rolling, FieldErrors errors)
    {
        const string path = "spec.strategy.rollingUpdate";
        var unavailable = Amount(rolling?["maxUnavailable"], $"{path}.maxUnavailable", errors);
        var surge = Amount(rolling?["maxSurge"], $"{path}.maxSurge", errors);
        if (unavailable == 0 && surge == 0)
        {
            errors.Invalid($"{path}.maxUnavailable", rolling?["maxUnavailable"], "may not be 0 when `maxSurge` is 0");
        }
        NotMoreThanAll(unavailable, rolling?["maxUnavailable"], $"{path}.maxUnavailable", errors);
    }

    /// <summary>Refuses a percentage above a hundred; numbers may be as large as they like.</summary>
    public static void NotMoreThanAll(long? amount, JsonNode? value, string path, FieldErrors errors)
    {
        if (amount > 100 && NodeFields.AsText(value) is { } percent)
        {
            errors.Invalid(path, percent, "must not be greater than 100%");
        }
    }

    /// <summary>A number or a percentage; its value, or null when it is neither.</summary>
    public static long? Amount(JsonNode? value, string path, FieldErrors errors)
    {
        if (NodeFields.AsNumber(value) is { } number)
        {
            Quantities.NotNegative(number, path, errors);
            return number;
        }
        var text = NodeFields.AsText(value) ?? "";
        if (NameSyntax.PercentProblem(text) is { } problem)
        {
            errors.Invalid(path, text, problem);
            return null;
        }
        return long.TryParse(text[..^1], out var percent) ? percent : long.MaxValue;
    }
}
