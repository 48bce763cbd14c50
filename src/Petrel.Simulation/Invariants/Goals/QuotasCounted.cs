using Petrel.Simulation.Invariants.Facts;
using Quantity = Petrel.Model.Documents.Quantity;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Every quota's status counts the pods that there are, where it counts pods.</summary>
public sealed class QuotasCounted : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now)
    {
        foreach (var (key, quota) in facts.Objects("/registry/core/resourcequotas/"))
        {
            var space = quota.Text("metadata", "namespace");
            if (quota.At("spec", "hard", "pods") is null || quota.At("spec", "scopes") is not null)
            {
                continue;
            }
            var pods = facts.Pods.Values.Count(p => p.Namespace == space && !p.HasFinished);
            if (quota.At("status", "used", "pods") is not { } used || Quantity.Parse(used.ToString()) != Quantity.FromValue(pods))
            {
                return $"{key}: status.used.pods is {quota.Text("status", "used", "pods")}, and {pods} is true";
            }
        }
        return null;
    }
}
