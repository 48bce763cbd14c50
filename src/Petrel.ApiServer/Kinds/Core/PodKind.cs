using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Pod.</summary>
internal static class PodKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Pod", "pods", namespaced: true) with
        {
            DeletionReturnsObject = true,
            ShortNames = ["po"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Default = PodDefaults.Pod,
            PrepareForCreate = static (pod, _) =>
                pod["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodResources.QosClass(pod.Ensure("spec")) },
            Validate = PodValidation.Validate,
            Warnings = PodWarnings.Pod,
            ChecksOnlySpec = true,
            GracePeriodSeconds = GracePeriod,
            Columns = PodColumns.All,
            SelectableFields = Columns
                .Selectable(
                    "spec.nodeName",
                    "spec.restartPolicy",
                    "spec.schedulerName",
                    "spec.serviceAccountName",
                    "status.phase",
                    "status.podIP",
                    "status.nominatedNodeName"
                )
                .With("spec.hostNetwork", static o => o.Flag("spec", "hostNetwork") ? "true" : "false"),
        };

    /// <summary>An unscheduled or ended pod has no grace period.</summary>
    private static long GracePeriod(JsonObject pod, long? asked)
    {
        if (pod.Child("spec").Text("nodeName").Length == 0 || pod.Child("status").Text("phase") is "Succeeded" or "Failed")
        {
            return 0;
        }
        var period = asked ?? pod.Child("spec").Number("terminationGracePeriodSeconds") ?? 30;
        return period < 0 ? 1 : period;
    }
}
