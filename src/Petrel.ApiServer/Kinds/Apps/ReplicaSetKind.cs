using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>apps/v1 ReplicaSet.</summary>
internal static class ReplicaSetKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apps", "v1", "ReplicaSet", "replicasets", namespaced: true) with
        {
            ShortNames = ["rs"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Scale = ScalePaths.Workload,
            Default = static value =>
            {
                var spec = value.Ensure("spec");
                spec.Fill("replicas", 1);
                PodDefaults.Template(spec);
            },
            PrepareForCreate = static (value, _) => value["status"] = new System.Text.Json.Nodes.JsonObject { ["replicas"] = 0 },
            Validate = WorkloadValidation.ReplicaSet,
            Warnings = PodWarnings.Workload,
            ChecksOnlySpec = true,
            Columns =
            [
                Name,
                Shown("Desired", "How many pods are wanted.", static o => o.Number("spec", "replicas"), "integer"),
                Shown("Current", "How many pods there are.", static o => o.Number("status", "replicas"), "integer"),
                Shown("Ready", "How many of them are ready.", static o => o.Number("status", "readyReplicas"), "integer"),
                Age,
                .. TemplateColumns.All,
            ],
            SelectableFields = Selectable([]).With("status.replicas", static o => $"{o.Number("status", "replicas")}"),
        };
}
