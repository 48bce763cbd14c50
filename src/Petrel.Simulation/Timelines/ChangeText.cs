using System.Text.Json;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Timelines;

/// <summary>A change in words.</summary>
/// <param name="What">What follows the object's name.</param>
/// <param name="IsDetail">Whether it is frequent and seldom of interest.</param>
public sealed record ChangeText(string What, bool IsDetail)
{
    /// <summary>What a commit changed in one object; null when there is nothing to say.</summary>
    public static ChangeText? Of(StoredObject stored, JsonElement? before, JsonElement? after)
    {
        // Leases are renewed, and events written, all the time.
        var detail = stored.Resource is "leases" or "events";
        if (after is not { } now)
        {
            return before is null ? null : new("is gone", detail);
        }
        if (before is not { } old)
        {
            return new(Created(stored, now), detail);
        }
        List<string> facts = [.. Deletion(old, now), .. FactsOf(stored.Resource, old, now)];
        return facts.Count > 0 ? new(string.Join("; ", facts), detail) : new(Fields(old, now), IsDetail: true);
    }

    private static string Created(StoredObject stored, JsonElement now)
    {
        var owner = Owner(now) is { } by ? $" for {by}" : "";
        return stored.Resource switch
        {
            "events" => $"says {now.Text("reason")}: {now.Text("message") + now.Text("note")}",
            "pods" => $"created{owner}{Quoted(Images(now.At("spec")))}",
            _ => now.Number("spec", "replicas") is { } replicas
                ? $"created{owner} with {replicas} replicas{Quoted(Images(now.At("spec", "template", "spec")))}"
                : $"created{owner}",
        };
    }

    private static IEnumerable<string> Deletion(JsonElement old, JsonElement now)
    {
        if (now.IsTerminating() && !old.IsTerminating())
        {
            yield return now.Number("metadata", "deletionGracePeriodSeconds") is > 0 and var grace
                ? $"is being deleted (grace {grace} s)"
                : "is being deleted";
        }
        if (Count(old.At("metadata", "finalizers")) is > 0 and var finalizers && Count(now.At("metadata", "finalizers")) < finalizers)
        {
            yield return "lost a finalizer";
        }
    }

    private static IEnumerable<string> FactsOf(string resource, JsonElement old, JsonElement now) =>
        resource switch
        {
            "pods" => PodChangeText.Of(old, now),
            "nodes" => NodeChangeText.Of(old, now),
            "endpointslices" => Moved("endpoints", Count(old.At("endpoints")), Count(now.At("endpoints"))),
            _ => WorkloadChangeText.Of(old, now),
        };

    /// <summary>One number that changed, or nothing.</summary>
    internal static IEnumerable<string> Moved(string what, int before, int after)
    {
        if (before != after)
        {
            yield return $"{what} {before} -> {after}";
        }
    }

    internal static int Count(JsonElement? array) => array is { ValueKind: JsonValueKind.Array } items ? items.GetArrayLength() : 0;

    internal static string Images(JsonElement? podSpec) =>
        podSpec?.At("containers") is { ValueKind: JsonValueKind.Array } containers
            ? string.Join(", ", containers.EnumerateArray().Select(c => c.Text("image")))
            : "";

    /// <summary>The status of a condition (True, False, Unknown), or empty.</summary>
    internal static string Condition(JsonElement document, string type, string field = "status") =>
        document.At("status", "conditions") is { ValueKind: JsonValueKind.Array } conditions
            ? conditions.EnumerateArray().Where(c => c.Text("type") == type).Select(c => c.Text(field)).FirstOrDefault("")
            : "";

    private static string? Owner(JsonElement document) =>
        document.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners
            ? owners
                .EnumerateArray()
                .Where(o => o.At("controller") is { ValueKind: JsonValueKind.True })
                .Select(o => $"{o.Text("kind").ToLowerInvariant()}/{o.Text("name")}")
                .FirstOrDefault()
            : null;

    private static string Quoted(string images) => images.Length == 0 ? "" : $" ({images})";

    // The fields that differ, two levels deep.
    private static string Fields(JsonElement old, JsonElement now)
    {
        var changed = Names(old, now)
            .SelectMany(name =>
                name is "metadata" or "spec" or "status"
                && old.At(name) is { ValueKind: JsonValueKind.Object } o
                && now.At(name) is { ValueKind: JsonValueKind.Object } n
                    ? Names(o, n).Select(inner => $"{name}.{inner}")
                    : [name]
            )
            .Where(name => name != "metadata.managedFields")
            .ToArray();
        return changed.Length == 0 ? "written without a change" : $"changed: {string.Join(", ", changed)}";
    }

    private static IEnumerable<string> Names(JsonElement old, JsonElement now) =>
        old.EnumerateObject()
            .Select(p => p.Name)
            .Union(now.EnumerateObject().Select(p => p.Name))
            .Where(name => !Same(old.At(name), now.At(name)));

    private static bool Same(JsonElement? left, JsonElement? right) =>
        left is { } l && right is { } r ? JsonElement.DeepEquals(l, r) : left is null == right is null;
}
