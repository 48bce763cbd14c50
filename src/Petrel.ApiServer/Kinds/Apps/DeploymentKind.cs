using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>apps/v1 Deployment.</summary>
internal static class DeploymentKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apps", "v1", "Deployment", "deployments", namespaced: true) with
        {
            ShortNames = ["deploy"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            AnnotationsRaiseGeneration = true,
            Scale = ScalePaths.Workload,
            Default = Default,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
            Validate = WorkloadValidation.Deployment,
            Warnings = PodWarnings.Workload,
            ChecksOnlySpec = true,
            Columns =
            [
                Name,
                Shown("Ready", "How many of the wanted pods are ready.", static o =>
                    $"{o.Number("status", "readyReplicas")}/{o.Number("spec", "replicas")}"
                ),
                Shown("Up-to-date", "How many pods are of the newest template.", static o => o.Number("status", "updatedReplicas")),
                Shown("Available", "How many pods have been ready for long enough.", static o => o.Number("status", "availableReplicas")),
                Age,
                .. TemplateColumns.All,
            ],
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("replicas", 1);
        spec.Fill("revisionHistoryLimit", 10);
        spec.Fill("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.Fill("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            FillPercent(rolling, "maxUnavailable");
            FillPercent(rolling, "maxSurge");
        }
        PodDefaults.Template(spec);
    }

    private static void FillPercent(JsonObject rolling, string name)
    {
        if (!rolling.Has(name))
        {
            rolling[name] = "25%";
        }
    }
}
