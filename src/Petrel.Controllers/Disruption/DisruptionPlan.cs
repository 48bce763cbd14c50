using System.Globalization;
using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.Disruption;

/// <summary>The status that a budget should have.</summary>
/// <param name="Status">The status.</param>
/// <param name="Changed">Whether it differs from the current status.</param>
/// <param name="RequeueAfter">When the next pending eviction times out; null when none is pending.</param>
/// <param name="Overdue">The pods whose eviction timed out.</param>
public sealed record DisruptionPlan(V1PodDisruptionBudgetStatus Status, bool Changed, TimeSpan? RequeueAfter, IReadOnlyList<V1Pod> Overdue)
{
    /// <summary>The type of the condition.</summary>
    public const string Condition = "DisruptionAllowed";

    // How long an allowed eviction may take to delete its pod.
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Whether the desired number of pods must be known. Then every pod needs a controller with a scale.</summary>
    public static bool NeedsScale(V1PodDisruptionBudgetSpec? spec) => spec?.MaxUnavailable is not null || IsPercentage(spec?.MinAvailable);

    /// <param name="budget">The budget.</param>
    /// <param name="pods">The pods that it covers.</param>
    /// <param name="expectedPods">The desired number of those pods, if <see cref="NeedsScale"/>.</param>
    /// <param name="now">The time.</param>
    public static DisruptionPlan Compute(V1PodDisruptionBudget budget, IReadOnlyList<V1Pod> pods, int expectedPods, DateTimeOffset now)
    {
        var old = budget.Status ?? new();
        var (expected, desired) = Bounds(budget.Spec, pods.Count, expectedPods);
        var (disrupted, recheck, overdue) = PendingEvictions(old, pods, now);
        var healthy = pods.Count(p => p.Metadata.DeletionTimestamp is null && !disrupted.ContainsKey(p.Metadata.Name) && p.IsReady());
        // While no pod is expected, no eviction is allowed: the first pods appear before the status counts them.
        var allowed = expected <= 0 ? 0 : Math.Max(0, healthy - desired);
        var status = new V1PodDisruptionBudgetStatus
        {
            CurrentHealthy = healthy,
            DesiredHealthy = desired,
            ExpectedPods = expected,
            DisruptionsAllowed = allowed,
            DisruptedPods = disrupted.Count > 0 ? disrupted : null,
            ObservedGeneration = budget.Metadata.Generation,
            Conditions = WithCondition(
                old.Conditions,
                allowed > 0 ? "True" : "False",
                allowed > 0 ? "SufficientPods" : "InsufficientPods",
                "",
                budget.Metadata.Generation,
                now
            ),
        };
        return new(status, !AreEqual(old, status), recheck, overdue);
    }

    /// <summary>The status when it cannot be computed: no eviction is allowed.</summary>
    public static V1PodDisruptionBudgetStatus Failed(V1PodDisruptionBudget budget, string message, DateTimeOffset now)
    {
        var old = budget.Status ?? new();
        return new()
        {
            CurrentHealthy = old.CurrentHealthy,
            DesiredHealthy = old.DesiredHealthy,
            ExpectedPods = old.ExpectedPods,
            DisruptionsAllowed = 0,
            DisruptedPods = old.DisruptedPods,
            ObservedGeneration = old.ObservedGeneration,
            Conditions = WithCondition(old.Conditions, "False", "SyncFailed", message, old.ObservedGeneration, now),
        };
    }

    /// <summary>Whether both statuses are the same.</summary>
    public static bool AreEqual(V1PodDisruptionBudgetStatus left, V1PodDisruptionBudgetStatus right)
    {
        var (leftCondition, rightCondition) = (Find(left.Conditions), Find(right.Conditions));
        return left.CurrentHealthy == right.CurrentHealthy
            && left.DesiredHealthy == right.DesiredHealthy
            && left.ExpectedPods == right.ExpectedPods
            && left.DisruptionsAllowed == right.DisruptionsAllowed
            && left.ObservedGeneration == right.ObservedGeneration
            && (left.DisruptedPods?.Count ?? 0) == (right.DisruptedPods?.Count ?? 0)
            && (right.DisruptedPods?.Keys.All(name => left.DisruptedPods!.ContainsKey(name)) ?? true)
            && leftCondition?.Status == rightCondition?.Status
            && leftCondition?.Reason == rightCondition?.Reason
            && leftCondition?.Message == rightCondition?.Message
            && leftCondition?.ObservedGeneration == rightCondition?.ObservedGeneration;
    }

    private static (int Expected, int Desired) Bounds(V1PodDisruptionBudgetSpec? spec, int covered, int expectedPods)
    {
        if (spec?.MaxUnavailable is { } maxUnavailable)
        {
            return (expectedPods, Math.Max(0, expectedPods - Resolve(maxUnavailable, expectedPods)));
        }
        if (spec?.MinAvailable is { } minAvailable)
        {
            return IsPercentage(minAvailable)
                ? (expectedPods, Resolve(minAvailable, expectedPods))
                : (covered, Resolve(minAvailable, covered));
        }
        return (0, 0);
    }

    /// <summary>The allowed evictions that have not deleted their pod yet, and those that timed out.</summary>
    private static (SortedDictionary<string, DateTime?> Disrupted, TimeSpan? Recheck, IReadOnlyList<V1Pod> Overdue) PendingEvictions(
        V1PodDisruptionBudgetStatus old,
        IReadOnlyList<V1Pod> pods,
        DateTimeOffset now
    )
    {
        var disrupted = new SortedDictionary<string, DateTime?>(StringComparer.Ordinal);
        var overdue = new List<V1Pod>();
        TimeSpan? recheck = null;
        foreach (var pod in pods.Where(p => p.Metadata.DeletionTimestamp is null))
        {
            if (
                old.DisruptedPods is null
                || !old.DisruptedPods.TryGetValue(pod.Metadata.Name, out var evictedAt)
                || evictedAt is not { } since
            )
            {
                continue;
            }
            var left = since.AsUtc() + DeletionTimeout - now;
            if (left < TimeSpan.Zero)
            {
                overdue.Add(pod);
                continue;
            }
            disrupted[pod.Metadata.Name] = since;
            recheck = recheck is { } earlier && earlier < left ? earlier : left;
        }
        // The timeout is over a moment later.
        return (disrupted, recheck + TimeSpan.FromSeconds(1), overdue);
    }

    private static List<V1Condition> WithCondition(
        IList<V1Condition>? conditions,
        string status,
        string reason,
        string message,
        long? generation,
        DateTimeOffset now
    )
    {
        var earlier = Find(conditions);
        var condition = new V1Condition
        {
            Type = Condition,
            Status = status,
            Reason = reason,
            Message = message,
            ObservedGeneration = generation,
            LastTransitionTime = earlier?.Status == status ? earlier.LastTransitionTime : now.UtcDateTime,
        };
        return [.. (conditions ?? []).Where(c => c.Type != Condition), condition];
    }

    private static V1Condition? Find(IList<V1Condition>? conditions) => conditions?.FirstOrDefault(c => c.Type == Condition);

    private static bool IsPercentage(IntOrString? amount) => amount?.Value.EndsWith('%') == true;

    private static int Resolve(IntOrString value, int total) => IntOrPercent.Resolve(value.Value, total, roundUp: true);
}
