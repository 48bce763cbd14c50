using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Every ReplicaSet and ReplicationController has exactly its replicas, all healthy, and its status says so.</summary>
public sealed class ReplicaSetsComplete : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now) =>
        facts
            .Objects("/registry/apps/replicasets/")
            .Concat(facts.Objects("/registry/core/replicationcontrollers/"))
            .Select(o => Unfinished(facts, o.Key, o.Value))
            .FirstOrDefault(u => u is not null);

    private static string? Unfinished(ClusterFacts facts, string key, JsonElement set)
    {
        var replicas = set.Number("spec", "replicas") ?? 1;
        var pods = facts.PodsOf(set.Uid()).Where(p => p.IsActive).ToList();
        var waiting = pods.Count(PodsSettled.MayWait);
        return !set.IsObserved() ? $"{key}: the newest generation is not observed"
            : pods.Count != replicas ? $"{key} has {pods.Count} pods, wanted are {replicas}"
            : Differs("replicas", replicas)
                ?? Differs("readyReplicas", replicas - waiting)
                ?? Differs("availableReplicas", replicas - waiting);

        string? Differs(string field, int wanted) =>
            set.Status(field) == wanted ? null : $"{key}: status.{field} is {set.Status(field)}, and {wanted} is true";
    }
}
