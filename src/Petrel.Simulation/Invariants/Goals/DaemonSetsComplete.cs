using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>
/// Every DaemonSet has exactly one healthy pod on each node that it is for, of its newest template unless it updates on deletion, and none
/// elsewhere.
/// </summary>
public sealed class DaemonSetsComplete : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now) =>
        facts.Objects("/registry/apps/daemonsets/").Select(o => Unfinished(facts, o.Key, o.Value)).FirstOrDefault(u => u is not null);

    private static string? Unfinished(ClusterFacts facts, string key, JsonElement set)
    {
        if (!set.IsObserved())
        {
            return $"{key}: the newest generation is not observed";
        }
        var onDelete = set.Text("spec", "updateStrategy", "type") == "OnDelete";
        var image = Image(set.At("spec", "template") ?? default);
        var pods = facts.PodsOf(set.Uid()).ToLookup(DaemonInvariant.NodeOf, StringComparer.Ordinal);
        var wanted = 0;
        foreach (var (_, node) in facts.Objects("/registry/core/nodes/"))
        {
            var here = pods[node.Name()].ToList();
            if (!DaemonNodeEligibility.Holds(set.At("spec", "template", "spec") ?? default, node))
            {
                // What runs where only a NoSchedule taint came later may stay.
                if (here.Exists(p => p.IsActive) && !node.Items("spec", "taints").Any(t => t.Text("effect") == "NoSchedule"))
                {
                    return $"{key} has a pod on {node.Name()}, which it is not for";
                }
                continue;
            }
            wanted++;
            if (here.Count != 1 || !here[0].IsHealthy)
            {
                return $"{key} has {here.Count} pods on {node.Name()}, {here.Count(p => p.IsHealthy)} of them healthy";
            }
            if (!onDelete && Image(here[0].Document) != image)
            {
                return $"{key}: {here[0].Name} is not of the newest template";
            }
        }
        return Differs("desiredNumberScheduled")
            ?? Differs("currentNumberScheduled")
            ?? Differs("numberReady")
            ?? Differs("numberAvailable");

        string? Differs(string field) =>
            set.Status(field) == wanted ? null : $"{key}: status.{field} is {set.Status(field)}, and {wanted} is true";
    }

    private static string Image(JsonElement pod)
    {
        foreach (var container in pod.Items("spec", "containers"))
        {
            return container.Text("image");
        }
        return "";
    }
}
