using System.Text.Json;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Timelines;

/// <summary>What a change of a workload means: the counts of pods in its spec and status.</summary>
internal static class WorkloadChangeText
{
    // In the order of the text.
    private static readonly (string Field, string Name)[] Counts =
    [
        ("replicas", "pods"),
        ("updatedReplicas", "updated"),
        ("readyReplicas", "ready"),
        ("availableReplicas", "available"),
        ("currentNumberScheduled", "scheduled"),
        ("numberReady", "ready"),
        ("active", "active"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("disruptionsAllowed", "disruptions allowed"),
        ("currentHealthy", "healthy"),
        ("desiredReplicas", "replicas wanted"),
    ];

    public static IEnumerable<string> Of(JsonElement old, JsonElement now)
    {
        if (old.Number("spec", "replicas") is { } from && now.Number("spec", "replicas") is { } to && from != to)
        {
            yield return $"scaled {from} -> {to}";
        }
        foreach (var fact in Template(old, now))
        {
            yield return fact;
        }
        foreach (var field in new[] { "paused", "suspend" })
        {
            if (IsTrue(old, field) != IsTrue(now, field))
            {
                yield return IsTrue(now, field)
                    ? field == "paused"
                        ? "paused"
                        : "suspended"
                    : "resumed";
            }
        }
        foreach (var (field, name) in Counts)
        {
            foreach (var fact in ChangeText.Moved(name, old.Number("status", field) ?? 0, now.Number("status", field) ?? 0))
            {
                yield return fact;
            }
        }
        foreach (var type in new[] { "Complete", "Failed" })
        {
            if (ChangeText.Condition(now, type) == "True" && ChangeText.Condition(old, type) != "True")
            {
                yield return type == "Complete" ? "is complete" : $"has failed ({ChangeText.Condition(now, type, "reason")})";
            }
        }
    }

    private static IEnumerable<string> Template(JsonElement old, JsonElement now)
    {
        if (old.At("spec", "template") is { } before && now.At("spec", "template") is { } after && !JsonElement.DeepEquals(before, after))
        {
            var (was, images) = (ChangeText.Images(before.At("spec")), ChangeText.Images(after.At("spec")));
            yield return was == images ? "has another template" : $"has another template ({was} -> {images})";
        }
    }

    private static bool IsTrue(JsonElement document, string field) => document.At("spec", field) is { ValueKind: JsonValueKind.True };
}
