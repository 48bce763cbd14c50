using System.Text.Json;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Timelines;

/// <summary>What a change of a pod means.</summary>
internal static class PodChangeText
{
    public static IEnumerable<string> Of(JsonElement old, JsonElement now)
    {
        if (now.Text("spec", "nodeName") is { Length: > 0 } node && old.Text("spec", "nodeName") != node)
        {
            yield return $"bound to {node}";
        }
        if (
            ChangeText.Condition(now, "PodScheduled") == "False"
            && ChangeText.Condition(now, "PodScheduled", "message") is var why
            && why != ChangeText.Condition(old, "PodScheduled", "message")
        )
        {
            yield return $"can't be scheduled: {why}";
        }
        if (now.Text("status", "phase") is { Length: > 0 } phase && old.Text("status", "phase") != phase)
        {
            yield return $"phase {old.Text("status", "phase")} -> {phase}{Reason(now)}";
        }
        var (was, isReady) = (ChangeText.Condition(old, "Ready") == "True", ChangeText.Condition(now, "Ready") == "True");
        if (was != isReady)
        {
            yield return isReady ? "is ready" : "is not ready any more";
        }
        foreach (var container in Containers(now))
        {
            foreach (var fact in ContainerFacts(Containers(old).FirstOrDefault(c => c.Text("name") == container.Text("name")), container))
            {
                yield return fact;
            }
        }
    }

    private static IEnumerable<string> ContainerFacts(JsonElement old, JsonElement now)
    {
        var name = now.Text("name");
        if (old.ValueKind == JsonValueKind.Object && now.Number("restartCount") > old.Number("restartCount"))
        {
            yield return $"container {name} restarted";
        }
        if (
            now.Text("state", "waiting", "reason") is { Length: > 0 } waits
            && (old.ValueKind != JsonValueKind.Object || old.Text("state", "waiting", "reason") != waits)
        )
        {
            yield return $"container {name} waits: {waits}";
        }
        if (
            now.Number("state", "terminated", "exitCode") is { } code
            && (old.ValueKind != JsonValueKind.Object || old.Number("state", "terminated", "exitCode") != code)
        )
        {
            yield return $"container {name} exited with {code}";
        }
    }

    private static IEnumerable<JsonElement> Containers(JsonElement pod) =>
        pod.At("status", "containerStatuses") is { ValueKind: JsonValueKind.Array } statuses ? statuses.EnumerateArray() : [];

    private static string Reason(JsonElement pod) => pod.Text("status", "reason") is { Length: > 0 } reason ? $" ({reason})" : "";
}
