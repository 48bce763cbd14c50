using Petrel.Model.Selectors;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>The status of every disruption budget is of its newest spec and counts the healthy pods that there are.</summary>
public sealed class BudgetsCounted : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now)
    {
        foreach (var (key, budget) in facts.Objects("/registry/policy/poddisruptionbudgets/"))
        {
            if (!budget.IsObserved())
            {
                return $"{key}: the newest generation is not observed";
            }
            var selector = LabelSelector.FromDocument(budget.At("spec", "selector") ?? default);
            var space = budget.Text("metadata", "namespace");
            var healthy = facts.Pods.Values.Count(p => p.Namespace == space && p.IsHealthy && selector.Matches(p.Labels));
            if (budget.Status("currentHealthy") != healthy)
            {
                return $"{key}: status.currentHealthy is {budget.Status("currentHealthy")}, and {healthy} is true";
            }
            if (budget.Status("disruptionsAllowed") > Math.Max(0, healthy - budget.Status("desiredHealthy")))
            {
                return $"{key}: status.disruptionsAllowed is {budget.Status("disruptionsAllowed")} with {healthy} of "
                    + $"{budget.Status("desiredHealthy")} healthy";
            }
        }
        return null;
    }
}
