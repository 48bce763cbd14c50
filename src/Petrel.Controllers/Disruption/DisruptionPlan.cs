using System.Globalization;
using k8s.Models;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers.Disruption;

/// <summary>What a budget's status should be.</summary>
/// <param name="Status">The status.</param>
/// <param name="Changed">Whether it is not so already.</param>
/// <param name="RequeueAfter">When an eviction that has not happened is given up; null when none is awaited.</param>
/// <param name="Overdue">The pods whose eviction is given up.</param>
public sealed record DisruptionPlan(V1PodDisruptionBudgetStatus Status, bool Changed, TimeSpan? RequeueAfter, IReadOnlyList<V1Pod> Overdue)
{
    /// <summary>The condition of budgets.</summary>
    public const string Condition = "DisruptionAllowed";

    // How long an eviction that was allowed is waited for.
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Whether the number of pods wanted must be known: then every pod needs a controller that says it.</summary>
    public static bool NeedsScale(V1PodDisruptionBudgetSpec? spec) => spec?.MaxUnavailable is not null || IsPercentage(spec?.MinAvailable);

    /// <param name="budget">The budget.</param>
    /// <param name="pods">The pods that it covers.</param>
    /// <param name="wanted">How many of them their controllers want, when <see cref="NeedsScale"/>.</param>
    /// <param name="now">The time.</param>
    public static DisruptionPlan Compute(V1PodDisruptionBudget budget, IReadOnlyList<V1Pod> pods, int wanted, DateTimeOffset now)
    {
        var old = budget.Status ?? new();
        var (expected, desired) = Bounds(budget.Spec, pods.Count, wanted);
        var (disrupted, recheck, overdue) = Awaited(old, pods, now);
        var healthy = pods.Count(p => p.Metadata.DeletionTimestamp is null && !disrupted.ContainsKey(p.Metadata.Name) && p.IsReady());
        // Nothing expected, nothing allowed: the first pods come before the status that counts them.
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
        return new(status, !Same(old, status), recheck, overdue);
    }

    /// <summary>The status of a budget that cannot be computed: nothing is allowed.</summary>
    public static V1PodDisruptionBudgetStatus Failed(V1PodDisruptionBudget budget, string why, DateTimeOffset now)
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
            Conditions = WithCondition(old.Conditions, "False", "SyncFailed", why, old.ObservedGeneration, now),
        };
    }

    /// <summary>Whether two statuses say the same.</summary>
    public static bool Same(V1PodDisruptionBudgetStatus left, V1PodDisruptionBudgetStatus right)
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

    private static (int Expected, int Desired) Bounds(V1PodDisruptionBudgetSpec? spec, int covered, int wanted)
    {
        if (spec?.MaxUnavailable is { } most)
        {
            return (wanted, Math.Max(0, wanted - Resolve(most, wanted)));
        }
        if (spec?.MinAvailable is { } fewest)
        {
            return IsPercentage(fewest) ? (wanted, Resolve(fewest, wanted)) : (covered, Resolve(fewest, covered));
        }
        return (0, 0);
    }

    /// <summary>The evictions that were allowed and have not begun, but may yet.</summary>
    private static (SortedDictionary<string, DateTime?> Disrupted, TimeSpan? Recheck, IReadOnlyList<V1Pod> Overdue) Awaited(
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
            if (old.DisruptedPods is null || !old.DisruptedPods.TryGetValue(pod.Metadata.Name, out var noted) || noted is not { } since)
            {
                continue;
            }
            var left = PodStates.Utc(since) + DeletionTimeout - now;
            if (left < TimeSpan.Zero)
            {
                overdue.Add(pod);
                continue;
            }
            disrupted[pod.Metadata.Name] = since;
            recheck = recheck is { } earlier && earlier < left ? earlier : left;
        }
        // A moment later, it is over.
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

    // Percentages are rounded up.
    private static int Resolve(IntOrString amount, int total)
    {
        var percent = amount.Value.EndsWith('%');
        var number = int.TryParse(percent ? amount.Value[..^1] : amount.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            ? n
            : 0;
        return percent ? (int)((((long)number * total) + 99) / 100) : number;
    }
}
