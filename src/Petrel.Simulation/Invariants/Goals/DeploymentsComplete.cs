using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Every Deployment that is not paused runs its replicas of its newest template and nothing else.</summary>
public sealed class DeploymentsComplete : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now) =>
        facts.Objects("/registry/apps/deployments/").Select(o => Unfinished(facts, o.Key, o.Value)).FirstOrDefault(u => u is not null);

    private static string? Unfinished(ClusterFacts facts, string key, JsonElement deployment)
    {
        if (!deployment.IsObserved())
        {
            return $"{key}: the newest generation is not observed";
        }
        if (deployment.At("spec", "paused") is { ValueKind: JsonValueKind.True })
        {
            return null;
        }
        var replicas = deployment.Number("spec", "replicas") ?? 1;
        var pods = facts
            .Objects("/registry/apps/replicasets/")
            .Where(s => s.Value.ControllerUid() == deployment.Uid())
            .SelectMany(s => facts.PodsOf(s.Value.Uid()))
            .Where(p => p.IsActive)
            .ToList();
        var waiting = pods.Count(PodsSettled.MayWait);
        foreach (
            var (field, wanted) in new[]
            {
                ("replicas", replicas),
                ("updatedReplicas", replicas),
                ("readyReplicas", replicas - waiting),
                ("availableReplicas", replicas - waiting),
            }
        )
        {
            if (waiting == 0 && deployment.Status(field) != wanted)
            {
                return $"{key}: status.{field} is {deployment.Status(field)}, wanted are {wanted}";
            }
        }
        var image = Image(deployment.At("spec", "template") ?? default);
        return waiting > 0 ? null
            : pods.Count != replicas ? $"{key} has {pods.Count} pods, wanted are {replicas}"
            : pods.FirstOrDefault(p => Image(p.Document) != image) is { } old ? $"{key}: {old.Name} is not of the newest template"
            : null;
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
