using k8s.Models;
using Petrel.Controllers.Configuration;

namespace Petrel.Controllers.Autoscaling;

/// <summary>A number of replicas, with the reasons and messages for the conditions.</summary>
public readonly record struct LimitedReplicas(int Replicas, ConditionReason AbleToScale, ConditionReason ScalingLimited, bool IsLimited);

/// <summary>A condition's reason and message.</summary>
public readonly record struct ConditionReason(string Reason, string Message);

/// <summary>
/// Limits a recommendation: by recent recommendations (stabilization), by the scaling policies, and by minReplicas and maxReplicas
/// (upstream: normalizeDesiredReplicas and normalizeDesiredReplicasWithBehaviors). Records the recommendation in the history.
/// </summary>
public sealed class ScalingLimits(
    V2HorizontalPodAutoscaler autoscaler,
    ScalingHistory history,
    AutoscalerSettings settings,
    DateTimeOffset now
)
{
    private const int RateFactor = 2;
    private const int RateMinimum = 4;

    private static readonly ConditionReason Ready = new("ReadyForNewScale", "recommended size matches current size");
    private static readonly ConditionReason InRange = new("DesiredWithinRange", "the desired count is within the acceptable range");
    private static readonly ConditionReason TooManyReplicas = new(
        "TooManyReplicas",
        "the desired replica count is more than the maximum replica count"
    );
    private static readonly ConditionReason TooFewReplicas = new(
        "TooFewReplicas",
        "the desired replica count is less than the minimum replica count"
    );
    private static readonly ConditionReason ScaleUpLimited = new(
        "ScaleUpLimit",
        "the desired replica count is increasing faster than the maximum scale rate"
    );
    private static readonly ConditionReason ScaleDownLimited = new(
        "ScaleDownLimit",
        "the desired replica count is decreasing faster than the maximum scale rate"
    );
    private static readonly ConditionReason ScaleUpStabilized = new(
        "ScaleUpStabilized",
        "recent recommendations were lower than current one, applying the lowest recent recommendation"
    );
    private static readonly ConditionReason ScaleDownStabilized = new(
        "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation"
    );

    private readonly int _minimum = autoscaler.Spec.MinReplicas ?? 1;
    private readonly int _maximum = autoscaler.Spec.MaxReplicas;

    public LimitedReplicas Apply(int current, int recommended)
    {
        var (stable, stabilized) = autoscaler.Spec.Behavior is { } behavior
            ? Stabilize(behavior, current, recommended)
            : Stabilize(recommended);
        history.RecordRecommendation(recommended, now);
        var (limited, reason) = autoscaler.Spec.Behavior is { } rules ? Limit(rules, current, stable) : Limit(current, stable);
        return new(limited, stable == recommended ? Ready : stabilized, reason, limited != stable);
    }

    private (int, ConditionReason) Stabilize(int recommended) =>
        (history.Highest(recommended, settings.DownscaleStabilization, now), ScaleDownStabilized);

    private (int, ConditionReason) Stabilize(V2HorizontalPodAutoscalerBehavior behavior, int current, int recommended)
    {
        var up = history.Lowest(recommended, Window(behavior.ScaleUp, TimeSpan.Zero), now);
        var down = history.Highest(recommended, Window(behavior.ScaleDown, settings.DownscaleStabilization), now);
        var stable = Math.Min(Math.Max(current, up), down);
        return (stable, recommended >= current ? ScaleUpStabilized : ScaleDownStabilized);
    }

    private (int, ConditionReason) Limit(int current, int desired)
    {
        var rate = Math.Max(RateFactor * current, RateMinimum);
        var (maximum, reason) = _maximum > rate ? (rate, ScaleUpLimited) : (_maximum, TooManyReplicas);
        return desired < _minimum ? (_minimum, TooFewReplicas)
            : desired > maximum ? (maximum, reason)
            : (desired, InRange);
    }

    private (int, ConditionReason) Limit(V2HorizontalPodAutoscalerBehavior behavior, int current, int desired)
    {
        if (desired > current)
        {
            var rate = Math.Max(current, UpLimit(behavior.ScaleUp, current));
            var (maximum, reason) = _maximum > rate ? (rate, ScaleUpLimited) : (_maximum, TooManyReplicas);
            return desired > maximum ? (maximum, reason) : (desired, InRange);
        }
        if (desired < current)
        {
            var rate = Math.Min(current, DownLimit(behavior.ScaleDown, current));
            var (minimum, reason) = _minimum < rate ? (rate, ScaleDownLimited) : (_minimum, TooFewReplicas);
            return desired < minimum ? (minimum, reason) : (desired, InRange);
        }
        return (desired, InRange);
    }

    private int UpLimit(V2HPAScalingRules? rules, int current)
    {
        if (rules?.SelectPolicy == "Disabled")
        {
            return current;
        }
        var limits = Policies(rules, DefaultUp)
            .Select(policy =>
            {
                var start = StartOf(policy, current);
                return policy.Type == "Pods" ? start + policy.Value : (int)Math.Ceiling(start * (1 + policy.Value / 100.0));
            });
        return rules?.SelectPolicy == "Min" ? limits.Min() : limits.Max();
    }

    private int DownLimit(V2HPAScalingRules? rules, int current)
    {
        if (rules?.SelectPolicy == "Disabled")
        {
            return current;
        }
        var limits = Policies(rules, DefaultDown)
            .Select(policy =>
            {
                var start = StartOf(policy, current);
                return policy.Type == "Pods" ? start - policy.Value : (int)(start * (1 - policy.Value / 100.0));
            });
        // The policy that allows the largest change allows the lowest number.
        return rules?.SelectPolicy == "Min" ? limits.Max() : limits.Min();
    }

    // The number of replicas when the policy's period began.
    private int StartOf(V2HPAScalingPolicy policy, int current)
    {
        var period = TimeSpan.FromSeconds(policy.PeriodSeconds);
        return current - history.Added(period, now) + history.Removed(period, now);
    }

    private static IEnumerable<V2HPAScalingPolicy> Policies(V2HPAScalingRules? rules, V2HPAScalingPolicy[] defaults) =>
        rules?.Policies is { Count: > 0 } given ? given : defaults;

    private static TimeSpan Window(V2HPAScalingRules? rules, TimeSpan otherwise) =>
        rules?.StabilizationWindowSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : otherwise;

    // The API sets these defaults. An object that an older server stored may lack them.
    private static readonly V2HPAScalingPolicy[] DefaultUp =
    [
        new()
        {
            Type = "Pods",
            Value = 4,
            PeriodSeconds = 15,
        },
        new()
        {
            Type = "Percent",
            Value = 100,
            PeriodSeconds = 15,
        },
    ];

    private static readonly V2HPAScalingPolicy[] DefaultDown =
    [
        new()
        {
            Type = "Percent",
            Value = 100,
            PeriodSeconds = 15,
        },
    ];
}
