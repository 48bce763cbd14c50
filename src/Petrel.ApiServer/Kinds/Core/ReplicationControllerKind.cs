using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ReplicationController: what ReplicaSets came from. Its selector is a plain map.</summary>
internal static class ReplicationControllerKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "ReplicationController", "replicationcontrollers", namespaced: true) with
        {
            ShortNames = ["rc"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Scale = ScalePaths.Workload,
            Default = Default,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["replicas"] = 0 },
            Validate = Validate,
            Warnings = PodWarnings.Workload,
            Columns =
            [
                Name,
                Shown("Desired", "How many pods are wanted.", static o => o.Number("spec", "replicas"), "integer"),
                Shown("Current", "How many pods there are.", static o => o.Number("status", "replicas"), "integer"),
                Shown("Ready", "How many of them are ready.", static o => o.Number("status", "readyReplicas"), "integer"),
                Age,
                .. TemplateColumns.Containers,
                Wide("Selector", "Which pods belong to it.", static o => Pairs(o.At("spec", "selector")).OrNone()),
            ],
            SelectableFields = Selectable([]).With("status.replicas", static o => $"{o.Number("status", "replicas")}"),
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("replicas", 1);
        // Defaults come from the template's labels.
        if (spec.Child("template").Child("metadata").Child("labels") is { Count: > 0 } labels)
        {
            if (spec.Child("selector") is null or { Count: 0 })
            {
                spec["selector"] = labels.DeepClone();
            }
            if (value.Child("metadata").Child("labels") is null or { Count: 0 })
            {
                value.Ensure("metadata")["labels"] = labels.DeepClone();
            }
        }
        PodDefaults.Template(spec);
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        Quantities.NotNegative(spec.Number("minReadySeconds"), "spec.minReadySeconds", errors);
        if (spec.Child("selector") is not { Count: > 0 })
        {
            errors.Required("spec.selector");
        }
        Quantities.NotNegative(spec.Number("replicas"), "spec.replicas", errors);
        var selector = new JsonObject { ["matchLabels"] = spec.Child("selector")?.DeepClone() ?? new JsonObject() };
        WorkloadValidation.Template(spec, selector, "ReplicationController", errors);
    }
}
