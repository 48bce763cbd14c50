using System.Text.Json;
using Petrel.Model.Selectors;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// Whether a daemon's pod belongs on a node: by node selector, required node affinity and taints, with the tolerations that upstream gives
/// daemons. Written apart from the controllers' own code, which it is to judge.
/// </summary>
internal static class DaemonNodeEligibility
{
    private static readonly string[] Tolerated =
    [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/unschedulable",
    ];

    /// <summary>Whether a daemon's pod that runs on the node may stay there.</summary>
    public static bool Holds(JsonElement podSpec, JsonElement node) => Selects(podSpec, node) && Tolerates(podSpec, node);

    /// <summary>
    /// Whether the node needs a daemon's pod. Upstream's daemons tolerate the taints of a lost node with the effect NoExecute alone: their
    /// pods stay there, but the effect NoSchedule makes the node one that needs none.
    /// </summary>
    public static bool Needs(JsonElement podSpec, JsonElement node) =>
        Holds(podSpec, node)
        && !node.Items("spec", "taints")
            .Any(t =>
                t.Text("effect") == "NoSchedule"
                && t.Text("key") is "node.kubernetes.io/not-ready" or "node.kubernetes.io/unreachable"
                && !podSpec.Items("tolerations").Any(toleration => Covers(toleration, t))
            );

    private static bool Selects(JsonElement podSpec, JsonElement node)
    {
        var labels = node.At("metadata", "labels");
        string? Label(string name) => labels?.At(name)?.GetString();
        if (podSpec.At("nodeSelector") is { } selector && selector.EnumerateObject().Any(s => Label(s.Name) != s.Value.GetString()))
        {
            return false;
        }
        if (podSpec.At("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution") is not { } required)
        {
            return true;
        }
        return required.Items("nodeSelectorTerms").Any(term => term.Items("matchExpressions").All(e => Matches(e, Label(e.Text("key")))));
    }

    private static bool Matches(JsonElement expression, string? value)
    {
        var values = expression.Items("values").Select(v => v.GetString()!).ToList();
        return expression.Text("operator") switch
        {
            "In" => value is not null && values.Contains(value),
            "NotIn" => value is null || !values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            var other => throw new NotSupportedException($"no scenario's node affinity has the operator {other}"),
        };
    }

    private static bool Tolerates(JsonElement podSpec, JsonElement node)
    {
        foreach (var taint in node.Items("spec", "taints"))
        {
            if (
                taint.Text("effect") != "PreferNoSchedule"
                && !Tolerated.Contains(taint.Text("key"))
                && !podSpec.Items("tolerations").Any(t => Covers(t, taint))
            )
            {
                return false;
            }
        }
        return true;
    }

    private static bool Covers(JsonElement toleration, JsonElement taint) =>
        (toleration.Text("effect").Length == 0 || toleration.Text("effect") == taint.Text("effect"))
        && (toleration.Text("key").Length == 0 ? toleration.Text("operator") == "Exists" : toleration.Text("key") == taint.Text("key"))
        && (toleration.Text("operator") == "Exists" || toleration.Text("value") == taint.Text("value"));
}
