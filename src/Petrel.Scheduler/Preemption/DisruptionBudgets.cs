using k8s.Models;
using Petrel.Model.Selectors;
using Petrel.Scheduler.Cluster;
using Petrel.Workloads;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Tells which pods the disruption budgets protect (upstream: filterPodsWithPDBViolation). Budgets are honoured where that is possible, and
/// no further.
/// </summary>
internal static class DisruptionBudgets
{
    /// <summary>
    /// Parts the pods, in their order, into those whose end a budget forbids, and the others. Each pod that matches a budget uses
    /// it up by one, unless its disruption is counted in the budget's status already.
    /// </summary>
    public static (List<PodInfo> Protected, List<PodInfo> Free) Part(
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
        // Without any requirement it matches nothing here, unlike elsewhere.
        && budget.Spec?.Selector is { } selector
        && (selector.MatchLabels is { Count: > 0 } || selector.MatchExpressions is { Count: > 0 })
        && LabelSelectors.From(selector).Matches(pod.Labels)
        && budget.Status?.DisruptedPods?.ContainsKey(pod.Key.Name) != true;
}
