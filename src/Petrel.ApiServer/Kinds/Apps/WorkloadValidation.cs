using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>Upstream's rules for what runs pods of a template: Deployments and ReplicaSets, and the parts that all workloads share.</summary>
internal static class WorkloadValidation
{
    public static void Deployment(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Replicated(spec, old, errors);
        Strategy(spec.Child("strategy"), errors);
        if (spec.Number("progressDeadlineSeconds") is { } deadline)
        {
            Quantities.NotNegative(deadline, "spec.progressDeadlineSeconds", errors);
            if (deadline <= (spec.Number("minReadySeconds") ?? 0))
            {
                errors.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
            }
        }
    }

    public static void ReplicaSet(JsonObject value, JsonObject? old, FieldErrors errors) => Replicated(value.Child("spec") ?? [], old, errors);

    /// <summary>A spec with replicas, a selector that stays, and a template whose pods go on for ever.</summary>
    public static void Replicated(JsonObject spec, JsonObject? old, FieldErrors errors, string kind = "deployment")
    {
        Quantities.NotNegative(spec.Number("replicas"), "spec.replicas", errors);
        Quantities.NotNegative(spec.Number("minReadySeconds"), "spec.minReadySeconds", errors);
        Quantities.NotNegative(spec.Number("revisionHistoryLimit"), "spec.revisionHistoryLimit", errors);
        var selector = spec.Child("selector");
        Selector(selector, kind, errors);
        Template(spec, selector, errors);
        if (old is not null && !JsonNode.DeepEquals(selector, old.Child("spec").Child("selector")))
        {
            errors.Invalid("spec.selector", selector, "field is immutable");
        }
    }

    /// <summary>A selector that must be there and select something.</summary>
    public static void Selector(JsonObject? selector, string kind, FieldErrors errors)
    {
        if (selector is null)
        {
            errors.Required("spec.selector");
        }
        else
        {
            SelectorValidation.Validate(selector, "spec.selector", errors);
            if (SelectorValidation.IsEmpty(selector))
            {
                errors.Invalid("spec.selector", selector, $"empty selector is invalid for {kind}");
            }
        }
    }

    /// <summary>A template whose pods are restarted for ever, and that the selector, when there is one, selects.</summary>
    public static void Template(JsonObject spec, JsonObject? selector, FieldErrors errors)
    {
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
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported");
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
            errors.Invalid($"{path}.template.metadata.labels", metadata.Child("labels"), "`selector` does not match template `labels`");
        }
        MetadataValidation.Labels(metadata, "labels", $"{path}.template", errors);
        MetadataValidation.Annotations(metadata, $"{path}.template", errors);
        PodValidation.Spec(template.Child("spec") ?? [], $"{path}.template.spec", isPod: false, errors);
        return true;
    }

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
            case var other:
                errors.NotSupported("spec.strategy.type", other, "Recreate", "RollingUpdate");
                break;
        }
    }

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
        if (amount > 100 && Fields.AsText(value) is { } percent)
        {
            errors.Invalid(path, percent, "must not be greater than 100%");
        }
    }

    /// <summary>A number or a percentage; its value, or null when it is neither.</summary>
    public static long? Amount(JsonNode? value, string path, FieldErrors errors)
    {
        if (Fields.AsNumber(value) is { } number)
        {
            Quantities.NotNegative(number, path, errors);
            return number;
        }
        var text = Fields.AsText(value) ?? "";
        if (NameSyntax.PercentProblem(text) is { } problem)
        {
            errors.Invalid(path, text, problem);
            return null;
        }
        return long.TryParse(text[..^1], out var percent) ? percent : long.MaxValue;
    }
}
