using System.Text.Json;
using Petrel.Model.Selectors;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// An eviction that is granted takes no budget below what it demands: after it, as many of the covered pods are healthy as the budget
/// wants, less those that were lost otherwise since the budget's status last told the truth (its controller may not have seen them yet, as
/// upstream).
/// </summary>
public sealed class BudgetInvariant(ClusterFacts facts) : IInvariant
{
    private const string Budgets = "/registry/policy/poddisruptionbudgets/";

    private readonly SortedDictionary<string, Budget> _budgets = new(StringComparer.Ordinal); // by store key

    /// <inheritdoc/>
    public string Name => "disruption budgets";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        string? problem = null;
        foreach (var change in commit)
        {
            if (change.Key.StartsWith(Budgets, StringComparison.Ordinal) && change.After is null)
            {
                _budgets.Remove(change.Key);
            }
        }
        foreach (var change in facts.PodChanges)
        {
            if (change.Before is not { IsHealthy: true } before || change.After is { IsHealthy: true })
            {
                continue;
            }
            foreach (var budget in _budgets.Values.Where(b => b.Covers(before)))
            {
                if (!IsEviction(change))
                {
                    budget.Unseen++;
                    continue;
                }
                var (healthy, desired) = Count(budget);
                if (healthy < desired - budget.Unseen)
                {
                    problem ??=
                        $"{before.ShortKey} was evicted, and the budget {budget.Name} has {healthy} healthy pods and demands "
                        + $"{desired} ({budget.Unseen} were lost otherwise)";
                }
            }
        }
        foreach (var (key, document) in facts.Objects(Budgets))
        {
            Follow(key, document);
        }
        return problem;
    }

    // What the demand rises by is missing as if it were lost, until the controller has seen it.
    private void Follow(string key, JsonElement document)
    {
        if (!_budgets.TryGetValue(key, out var budget))
        {
            _budgets.Add(key, budget = new(document));
        }
        budget.Document = document;
        var (healthy, desired) = Count(budget);
        budget.Unseen += Math.Max(0, desired - budget.Desired);
        budget.Desired = desired;
        if (document.IsObserved() && document.Status("currentHealthy") == healthy && document.Status("desiredHealthy") == desired)
        {
            budget.Unseen = 0;
        }
    }

    private static bool IsEviction(PodChange change) =>
        change.After is { IsTerminating: true, Disruption: "EvictionByEvictionAPI" } && change.Before is { IsTerminating: false };

    private (int Healthy, int Desired) Count(Budget budget)
    {
        var covered = facts.Pods.Values.Where(budget.Covers).ToList();
        var spec = budget.Document.At("spec") ?? default;
        var healthy = covered.Count(p => p.IsHealthy);
        if (spec.At("minAvailable") is { } least)
        {
            return (
                healthy,
                IntOrPercentValue.IsPercentage(least)
                    ? IntOrPercentValue.Resolve(least, Wanted(covered), roundUp: true)
                    : IntOrPercentValue.Resolve(least, 0, roundUp: true)
            );
        }
        if (spec.At("maxUnavailable") is { } most)
        {
            var wanted = Wanted(covered);
            return (healthy, Math.Max(0, wanted - IntOrPercentValue.Resolve(most, wanted, roundUp: true)));
        }
        return (healthy, 0);
    }

    // How many pods the controllers of the covered pods want together; a Deployment's ReplicaSets count as it.
    private int Wanted(List<CommittedPod> covered)
    {
        var sum = 0;
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var pod in covered)
        {
            var owner = facts.ByUid(pod.OwnerUid);
            if (owner is { } set && facts.ByUid(set.ControllerUid()) is { } above)
            {
                owner = above;
            }
            if (owner is { } found && seen.Add(found.Uid()))
            {
                sum += found.Number("spec", "replicas") ?? 1;
            }
        }
        return sum;
    }

    private sealed class Budget(JsonElement document)
    {
        private readonly LabelSelector _selector = LabelSelector.FromDocument(document.At("spec", "selector") ?? default);
        private readonly string _namespace = document.Text("metadata", "namespace");

        public string Name { get; } = document.Name();
        public JsonElement Document { get; set; } = document;
        public int Desired { get; set; }

        /// <summary>Healthy pods lost, or wanted in addition, since the status was right.</summary>
        public int Unseen { get; set; }

        public bool Covers(CommittedPod pod) => pod.Namespace == _namespace && _selector.Matches(pod.Labels);
    }
}
