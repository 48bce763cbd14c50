using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Metrics;

/// <summary>
/// metrics.k8s.io/v1beta1: the resource usage of pods and nodes. Nothing is stored; values come from the agents' last reports.
/// </summary>
internal static class UsageKinds
{
    public const string Group = "metrics.k8s.io";

    public static KindDefinition Pods { get; } =
        KindDefinition.Create(Group, "v1beta1", "PodMetrics", "pods", namespaced: true) with
        {
            Singular = "",
            Verbs = ["get", "list"],
            Columns =
            [
                Name,
                Shown("Cpu", "Processor time of its containers, in cores.", static o => Sum(o, "cpu")),
                Shown("Memory", "Working set of its containers.", static o => Sum(o, "memory")),
                Shown("Window", "What the figures are measured over.", static o => o.Text("window")),
            ],
        };

    public static KindDefinition Nodes { get; } =
        KindDefinition.Create(Group, "v1beta1", "NodeMetrics", "nodes", namespaced: false) with
        {
            Singular = "",
            Verbs = ["get", "list"],
            Columns =
            [
                Name,
                Shown("Cpu", "Processor time, in cores.", static o => o.Text("usage", "cpu")),
                Shown("Memory", "Working set.", static o => o.Text("usage", "memory")),
                Shown("Window", "What the figures are measured over.", static o => o.Text("window")),
            ],
        };

    private static string Sum(System.Text.Json.JsonElement pod, string resource) =>
        pod.Items("containers")
            .Select(c => Model.Documents.Quantity.Parse(c.Text("usage", resource)))
            .Aggregate(default(Model.Documents.Quantity), static (sum, one) => sum + one)
            .ToString();
}
