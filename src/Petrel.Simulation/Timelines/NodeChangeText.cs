using System.Text.Json;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Timelines;

/// <summary>What a change of a node means.</summary>
internal static class NodeChangeText
{
    public static IEnumerable<string> Of(JsonElement old, JsonElement now)
    {
        var (was, status) = (ChangeText.Condition(old, "Ready"), ChangeText.Condition(now, "Ready"));
        if (was != status)
        {
            yield return status switch
            {
                "True" => "is ready",
                "False" => "is not ready",
                _ => "is not heard of any more",
            };
        }
        if (IsCordoned(old) != IsCordoned(now))
        {
            yield return IsCordoned(now) ? "is cordoned" : "is not cordoned any more";
        }
        var (before, after) = (Taints(old), Taints(now));
        foreach (var taint in after.Except(before))
        {
            yield return $"tainted {taint}";
        }
        foreach (var taint in before.Except(after))
        {
            yield return $"not tainted {taint} any more";
        }
    }

    private static bool IsCordoned(JsonElement node) => node.At("spec", "unschedulable") is { ValueKind: JsonValueKind.True };

    private static string[] Taints(JsonElement node) =>
        node.At("spec", "taints") is { ValueKind: JsonValueKind.Array } taints
            ? [.. taints.EnumerateArray().Select(t => $"{t.Text("key")}:{t.Text("effect")}")]
            : [];
}
