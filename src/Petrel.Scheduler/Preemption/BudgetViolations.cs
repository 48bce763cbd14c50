using k8s.Models;
using Petrel.Model.Selectors;
using Petrel.Scheduler.Cluster;
using Petrel.Workloads;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Finds the pods whose eviction violates a disruption budget (upstream: filterPodsWithPDBViolation). Preemption respects budgets where it
/// can, and violates them otherwise.
/// </summary>
internal static class BudgetViolations
{
    /// <summary>
    /// Separates the pods, in their order, into those whose eviction a budget forbids, and the others. Each pod that a budget selects uses
    /// one of its allowed disruptions, unless the budget's status already counts its disruption.
    /// </summary>
    public static (List<PodInfo> Protected, List<PodInfo> Free) Partition(
        IReadOnlyList<PodInfo> pods,
        IReadOnlyList<V1PodDisruptionBudget> budgets
    )
    {
        var (protectedPods, free) = (new List<PodInfo>(), new List<PodInfo>(pods.Count));
        var allowed = budgets.Select(b => b.Status?.DisruptionsAllowed ?? 0).ToArray();
        foreach (var pod in pods)
        {
            var violates = false;
            for (var i = 0; i < budgets.Count; i++)
            {
                if (Counts(budgets[i], pod) && --allowed[i] < 0)
                {
                    violates = true;
                }
            }
            (violates ? protectedPods : free).Add(pod);
        }
        return (protectedPods, free);
    }

    private static bool Counts(V1PodDisruptionBudget budget, PodInfo pod) =>
        budget.Metadata.NamespaceProperty == pod.Key.Namespace
        && pod.Labels.Count > 0
        // Upstream: for preemption a selector without requirements selects no pod.
        && budget.Spec?.Selector is { } selector
        && (selector.MatchLabels is { Count: > 0 } || selector.MatchExpressions is { Count: > 0 })
        && LabelSelectors.From(selector).Matches(pod.Labels)
        && budget.Status?.DisruptedPods?.ContainsKey(pod.Key.Name) != true;
}
