using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>apps/v1 DaemonSet.</summary>
internal static class DaemonSetKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apps", "v1", "DaemonSet", "daemonsets", namespaced: true) with
        {
            ShortNames = ["ds"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Default = Default,
            PrepareForCreate = PrepareForCreate,
            PrepareForUpdate = static (value, old, _) => TemplateGeneration.Count(value, old),
            Validate = Validate,
            Warnings = static (value, old) => PodWarnings.Template(value.Child("spec"), old.Child("spec"), "spec.template."),
            Columns =
            [
                Name,
                Shown("Desired", "How many nodes should run its pod.", static o => o.Number("status", "desiredNumberScheduled"), "integer"),
                Shown("Current", "How many nodes have its pod.", static o => o.Number("status", "currentNumberScheduled"), "integer"),
                Shown("Ready", "How many of those pods are ready.", static o => o.Number("status", "numberReady"), "integer"),
                Shown(
                    "Up-to-date",
                    "How many pods are of the newest template.",
                    static o => o.Number("status", "updatedNumberScheduled"),
                    "integer"
                ),
                Shown(
                    "Available",
                    "How many pods have been ready for long enough.",
                    static o => o.Number("status", "numberAvailable"),
                    "integer"
                ),
                Shown("Node Selector", "Which nodes run its pod.", static o =>
                    Pairs(o.At("spec", "template", "spec", "nodeSelector")).OrNone()
                ),
                Age,
                .. TemplateColumns.All,
            ],
        };

    private static void PrepareForCreate(JsonObject value, WriteContext context)
    {
        TemplateGeneration.Begin(value);
        value["status"] = new JsonObject
        {
            ["currentNumberScheduled"] = 0,
            ["desiredNumberScheduled"] = 0,
            ["numberMisscheduled"] = 0,
            ["numberReady"] = 0,
        };
    }

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy");
        strategy.Fill("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Fill("maxUnavailable", 1);
            rolling.Fill("maxSurge", 0);
        }
        PodDefaults.Template(spec);
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var selector = spec.Child("selector");
        SelectorValidation.Validate(selector, "spec.selector", errors);
        WorkloadValidation.NotEmpty(selector, "daemonset", errors);
        WorkloadValidation.Template(spec, selector, "DaemonSet", errors);
        Quantities.NotNegative(spec.Number("minReadySeconds"), "spec.minReadySeconds", errors);
        Strategy(spec.Child("updateStrategy"), errors);
        Quantities.NotNegative(spec.Number("revisionHistoryLimit"), "spec.revisionHistoryLimit", errors);
        WorkloadValidation.SelectorStays(spec, old, errors);
    }

    private static void Strategy(JsonObject? strategy, FieldErrors errors)
    {
        const string path = "spec.updateStrategy";
        switch (strategy.Text("type"))
        {
            case "OnDelete":
                break;
            case "RollingUpdate":
                var rolling = strategy.Child("rollingUpdate");
                var unavailable = WorkloadValidation.Amount(rolling?["maxUnavailable"], $"{path}.rollingUpdate.maxUnavailable", errors);
                var surge = WorkloadValidation.Amount(rolling?["maxSurge"], $"{path}.rollingUpdate.maxSurge", errors);
                WorkloadValidation.NotMoreThanAll(unavailable, rolling?["maxUnavailable"], $"{path}.rollingUpdate.maxUnavailable", errors);
                WorkloadValidation.NotMoreThanAll(surge, rolling?["maxSurge"], $"{path}.rollingUpdate.maxSurge", errors);
                if (unavailable > 0 && surge > 0)
                {
                    errors.Invalid(
                        $"{path}.rollingUpdate.maxSurge",
                        rolling?["maxSurge"],
                        "may not be set when maxUnavailable is non-zero"
                    );
                }
                else if (unavailable == 0 && surge == 0)
                {
                    errors.Required($"{path}.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0");
                }
                break;
            default:
                errors.Add(
                    "FieldValueNotSupported",
                    path,
                    $"Unsupported value: {WorkloadValidation.Shown(strategy, WorkloadValidation.UnsetUpdate())}: supported "
                        + $"values: \"RollingUpdate\", \"OnDelete\""
                );
                break;
        }
    }
}
