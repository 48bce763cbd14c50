using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Batch;

/// <summary>Upstream's rules for Jobs and for the job templates of CronJobs.</summary>
internal static class JobValidation
{
    private const int MaxIndexes = 100_000;
    private const int MaxRules = 20;

    private static readonly string[] CompletionModes = ["Indexed", "NonIndexed"];
    private static readonly string[] FailureActions = ["Count", "FailIndex", "FailJob", "Ignore"];
    private static readonly string[] Immutable =
    [
        "completionMode",
        "podFailurePolicy",
        "successPolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "manualSelector",
    ];

    // What may change in the template of a suspended job that has not started: where its pods go.
    private static readonly string[] Directives = ["nodeSelector", "tolerations", "affinity", "schedulingGates"];

    public static void Job(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var selector = spec.Child("selector");
        if (selector is null)
        {
            errors.Required("spec.selector");
        }
        else
        {
            SelectorValidation.Validate(selector, "spec.selector", errors);
        }
        Spec(spec, selector, "spec", errors);
        var name = value.Child("metadata").Text("name");
        if (
            old is null
            && spec.Text("completionMode") == "Indexed"
            && spec.Number("completions") is { } completions
            && NameSyntax.LabelProblem($"{name}-{completions - 1}") is { } problem
        )
        {
            errors.Invalid(
                "metadata.name",
                name,
                $"will not able to create pod with invalid DNS label: {name}-{completions - 1}: {problem}"
            );
        }
        if (old is not null)
        {
            CheckUnchanged(spec, old, errors);
        }
    }

    /// <summary>A job's spec at a path, without the rules of what is generated.</summary>
    public static void Spec(JsonObject spec, JsonObject? selector, string path, FieldErrors errors)
    {
        foreach (
            var name in (ReadOnlySpan<string>)
                [
                    "parallelism",
                    "completions",
                    "activeDeadlineSeconds",
                    "backoffLimit",
                    "ttlSecondsAfterFinished",
                    "backoffLimitPerIndex",
                    "maxFailedIndexes",
                ]
        )
        {
            Quantities.NotNegative(spec.Number(name), $"{path}.{name}", errors);
        }
        Indexes(spec, path, errors);
        FailurePolicy(spec, path, errors);
        SuccessPolicy(spec, path, errors);
        if (spec.Text("podReplacementPolicy") is { Length: > 0 } replacement)
        {
            if (spec.Has("podFailurePolicy") && replacement != "Failed")
            {
                errors.NotSupported($"{path}.podReplacementPolicy", replacement, "Failed");
            }
            else if (replacement is not ("Failed" or "TerminatingOrFailed"))
            {
                errors.NotSupported($"{path}.podReplacementPolicy", replacement, "Failed", "TerminatingOrFailed");
            }
        }
        if (WorkloadValidation.PodTemplate(spec, selector, path, errors))
        {
            var policy = spec.Child("template").Child("spec").Text("restartPolicy");
            if (policy is not ("OnFailure" or "Never"))
            {
                if (policy is "" or "Always")
                {
                    errors.Required($"{path}.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
                }
                else
                {
                    errors.NotSupported($"{path}.template.spec.restartPolicy", policy, "OnFailure", "Never");
                }
            }
        }
    }

    private static void Indexes(JsonObject spec, string path, FieldErrors errors)
    {
        var mode = spec.Text("completionMode");
        if (mode.Length > 0 && !CompletionModes.Contains(mode))
        {
            errors.NotSupported($"{path}.completionMode", mode, CompletionModes);
        }
        var indexed = mode == "Indexed";
        if (indexed)
        {
            if (!spec.Has("completions"))
            {
                errors.Required($"{path}.completions", "when completion mode is Indexed");
            }
            if (spec.Number("parallelism") > MaxIndexes)
            {
                errors.Invalid(
                    $"{path}.parallelism",
                    spec.Number("parallelism"),
                    $"must be less than or equal to {MaxIndexes} when completion mode is Indexed"
                );
            }
            if (spec.Number("maxFailedIndexes") is { } failed && failed > spec.Number("completions"))
            {
                errors.Invalid($"{path}.maxFailedIndexes", failed, "must be less than or equal to completions");
            }
        }
        else
        {
            foreach (var name in (ReadOnlySpan<string>)["backoffLimitPerIndex", "maxFailedIndexes"])
            {
                if (spec.Has(name))
                {
                    errors.Invalid($"{path}.{name}", spec.Number(name), "requires indexed completion mode");
                }
            }
        }
        if (spec.Has("maxFailedIndexes") && !spec.Has("backoffLimitPerIndex"))
        {
            errors.Required($"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified");
        }
    }

    private static void FailurePolicy(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("podFailurePolicy") is not { } policy)
        {
            return;
        }
        if (spec.Child("template").Child("spec").Text("restartPolicy") != "Never")
        {
            errors.Invalid(
                $"{path}.template.spec.restartPolicy",
                spec.Child("template").Child("spec").Text("restartPolicy"),
                "only \"Never\" is supported when podFailurePolicy is specified"
            );
        }
        var count = policy.List("rules")?.Count ?? 0;
        if (count > MaxRules)
        {
            errors.TooMany($"{path}.podFailurePolicy.rules", count, MaxRules);
        }
        var containers = spec.Child("template")
            .Child("spec")
            .Objects("containers")
            .Concat(spec.Child("template").Child("spec").Objects("initContainers"))
            .Select(c => c.Text("name"))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (rule, at) in policy.Indexed("rules", $"{path}.podFailurePolicy"))
        {
            var action = rule.Text("action");
            if (action.Length == 0)
            {
                errors.Required($"{at}.action", "valid values: " + string.Join(", ", FailureActions.Select(a => $"\"{a}\"")));
            }
            else if (action == "FailIndex" && !spec.Has("backoffLimitPerIndex"))
            {
                errors.Invalid($"{at}.action", action, "requires the backoffLimitPerIndex to be set");
            }
            else if (!FailureActions.Contains(action))
            {
                errors.NotSupported($"{at}.action", action, FailureActions);
            }
            var conditions = rule.List("onPodConditions")?.Count ?? 0;
            if (rule.Has("onExitCodes") == (conditions > 0))
            {
                errors.Invalid(
                    at,
                    rule,
                    rule.Has("onExitCodes")
                        ? "specifying both OnExitCodes and OnPodConditions is not supported"
                        : "specifying one of OnExitCodes and OnPodConditions is required"
                );
            }
            if (rule.Child("onExitCodes") is { } exit)
            {
                ExitCodes(exit, $"{at}.onExitCodes", containers, errors);
            }
            foreach (var (pattern, patternAt) in rule.Indexed("onPodConditions", at))
            {
                if (LabelSyntax.KeyProblem(pattern.Text("type")) is { } problem)
                {
                    errors.Invalid($"{patternAt}.type", pattern.Text("type"), problem);
                }
                if (pattern.Text("status") is not ("True" or "False" or "Unknown") and var status)
                {
                    errors.NotSupported($"{patternAt}.status", status, "False", "True", "Unknown");
                }
            }
        }
    }

    private static void ExitCodes(JsonObject exit, string path, HashSet<string> containers, FieldErrors errors)
    {
        var op = exit.Text("operator");
        if (op is not ("In" or "NotIn"))
        {
            errors.NotSupported($"{path}.operator", op, "In", "NotIn");
        }
        if (exit.Text("containerName") is { Length: > 0 } name && !containers.Contains(name))
        {
            errors.Invalid($"{path}.containerName", name, "must be one of the container or initContainer names in the pod template");
        }
        var values = exit.List("values")?.Select(NodeFields.AsNumber).ToList() ?? [];
        if (values.Count == 0)
        {
            errors.Invalid($"{path}.values", exit.List("values"), "at least one value is required");
        }
        for (var i = 0; i < values.Count; i++)
        {
            if (op == "In" && values[i] == 0)
            {
                errors.Invalid($"{path}.values[{i}]", 0, "must not be 0 for the In operator");
            }
            if (i > 0 && values[i] == values[i - 1])
            {
                errors.Duplicate($"{path}.values[{i}]", values[i] ?? 0);
            }
            else if (i > 0 && values[i] < values[i - 1])
            {
                errors.Invalid($"{path}.values", exit.List("values"), "must be ordered");
            }
        }
    }

    private static void SuccessPolicy(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Child("successPolicy") is not { } policy)
        {
            return;
        }
        if (spec.Text("completionMode") != "Indexed")
        {
            errors.Invalid($"{path}.successPolicy", policy, "requires indexed completion mode");
        }
        var count = policy.List("rules")?.Count ?? 0;
        if (count == 0)
        {
            errors.Required($"{path}.successPolicy.rules", "at least one rules must be specified when the successPolicy is specified");
        }
        else if (count > MaxRules)
        {
            errors.TooMany($"{path}.successPolicy.rules", count, MaxRules);
        }
        foreach (var (rule, at) in policy.Indexed("rules", $"{path}.successPolicy"))
        {
            if (!rule.Has("succeededCount") && !rule.Has("succeededIndexes"))
            {
                errors.Required(at, "at least one of succeededCount or succeededIndexes must be specified");
            }
            if (
                rule.Number("succeededCount") is { } succeeded
                && (succeeded < 1 || succeeded > (spec.Number("completions") ?? long.MaxValue))
            )
            {
                errors.Invalid(
                    $"{at}.succeededCount",
                    succeeded,
                    $"must be less than or equal to {spec.Number("completions")} (the number of specified completions)"
                );
            }
        }
    }

    private static void CheckUnchanged(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var before = old.Child("spec") ?? [];
        foreach (var name in Immutable)
        {
            if (!JsonNode.DeepEquals(spec[name], before[name]))
            {
                errors.Invalid($"spec.{name}", spec[name], "field is immutable");
            }
        }
        if (!JsonNode.DeepEquals(spec["selector"], before["selector"]))
        {
            errors.Invalid("spec.selector", spec["selector"], "field is immutable");
        }
        // An indexed job may grow and shrink, when as many pods run at a time as it completes.
        if (
            spec.Number("completions") != before.Number("completions")
            && !(spec.Text("completionMode") == "Indexed" && spec.Number("completions") == spec.Number("parallelism"))
        )
        {
            errors.Invalid(
                "spec.completions",
                spec["completions"],
                spec.Text("completionMode") == "Indexed" ? "can only be modified in tandem with parallelism" : "field is immutable"
            );
        }
        var template = spec.Child("template")?.DeepClone() as JsonObject ?? [];
        var oldTemplate = before.Child("template") ?? [];
        if (before.Flag("suspend") == true && !old.Child("status").Has("startTime"))
        {
            foreach (var name in Directives)
            {
                Put(template.Ensure("spec"), name, oldTemplate.Child("spec")?[name]);
            }
            Put(template.Ensure("metadata"), "labels", oldTemplate.Child("metadata")?["labels"]);
            Put(template.Ensure("metadata"), "annotations", oldTemplate.Child("metadata")?["annotations"]);
        }
        var type = JobKind.Definition.Schema.Field("spec")!.Type!.Field("template")!.Type!;
        if (!SemanticEquality.Equal(template, oldTemplate, type))
        {
            errors.Invalid("spec.template", spec["template"], "field is immutable");
        }
    }

    private static void Put(JsonObject target, string name, JsonNode? value)
    {
        if (value is null)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = value.DeepClone();
        }
    }
}
