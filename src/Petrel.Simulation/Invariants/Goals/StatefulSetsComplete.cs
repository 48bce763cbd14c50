using System.Globalization;
using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>
/// Every StatefulSet has exactly its members, healthy, those from the partition on of the newest revision, each with its claims, and its
/// status says so.
/// </summary>
public sealed class StatefulSetsComplete : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now) =>
        facts.Objects("/registry/apps/statefulsets/").Select(o => Unfinished(facts, o.Key, o.Value)).FirstOrDefault(u => u is not null);

    private static string? Unfinished(ClusterFacts facts, string key, JsonElement set)
    {
        if (!set.IsObserved())
        {
            return $"{key}: the newest generation is not observed";
        }
        var (replicas, start) = (set.Number("spec", "replicas") ?? 1, set.Number("spec", "ordinals", "start") ?? 0);
        var onDelete = set.Text("spec", "updateStrategy", "type") == "OnDelete";
        var partition = start + (set.Number("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0);
        var newest = set.Text("status", "updateRevision");
        var members = facts.PodsOf(set.Uid()).ToDictionary(StatefulSetInvariant.Ordinal);
        for (var ordinal = start; ordinal < start + replicas; ordinal++)
        {
            if (!members.Remove(ordinal, out var pod) || !pod.IsHealthy)
            {
                return $"{key}: member {ordinal} is not there and ready";
            }
            if (!onDelete && ordinal >= partition && pod.Labels.GetValueOrDefault("controller-revision-hash") != newest)
            {
                return $"{key}: member {ordinal} is not of the newest revision {newest}";
            }
            foreach (var template in set.Items("spec", "volumeClaimTemplates"))
            {
                var claim = $"{template.Name()}-{pod.Name}";
                if (
                    facts.Find($"/registry/core/persistentvolumeclaims/{pod.Namespace}/{claim}") is not { } found
                    || found.Text("status", "phase") != "Bound"
                )
                {
                    return $"{key}: claim {claim} is not there and bound";
                }
            }
        }
        if (members.Count > 0)
        {
            return $"{key}: it has members beyond its own: "
                + $"{string.Join(", ", members.Keys.Order().Select(o => o.ToString(CultureInfo.InvariantCulture)))}";
        }
        foreach (var field in new[] { "replicas", "readyReplicas", "availableReplicas" })
        {
            if (set.Status(field) != replicas)
            {
                return $"{key}: status.{field} is {set.Status(field)}, and {replicas} is true";
            }
        }
        return onDelete || partition > start || set.Text("status", "currentRevision") == newest
            ? null
            : $"{key}: status.currentRevision is not {newest}";
    }
}
