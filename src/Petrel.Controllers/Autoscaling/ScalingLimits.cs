using k8s.Models;
using Petrel.Controllers.Configuration;

namespace Petrel.Controllers.Autoscaling;

/// <summary>A number of replicas, and the words for the conditions that it leads to.</summary>
public readonly record struct LimitedReplicas(int Replicas, ConditionReason AbleToScale, ConditionReason ScalingLimited, bool IsLimited);

/// <summary>A condition's reason and message.</summary>
public readonly record struct ConditionReason(string Reason, string Message);

/// <summary>
/// What is made of a recommendation: recent ones hold it back, and neither the autoscaler's bounds nor its rate may be passed (upstream:
/// normalizeDesiredReplicas and normalizeDesiredReplicasWithBehaviors). Records the recommendation in the history.
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
    private static readonly ConditionReason TooMany = new(
        "TooManyReplicas",
        "the desired replica count is more than the maximum replica count"
    );
    private static readonly ConditionReason TooFew = new(
        "TooFewReplicas",
        "the desired replica count is less than the minimum replica count"
    );
    private static readonly ConditionReason TooFast = new(
        "ScaleUpLimit",
        "the desired replica count is increasing faster than the maximum scale rate"
    );
    private static readonly ConditionReason DownTooFast = new(
        "ScaleDownLimit",
        "the desired replica count is decreasing faster than the maximum scale rate"
    );
    private static readonly ConditionReason HeldUp = new(
        "ScaleUpStabilized",
        "recent recommendations were lower than current one, applying the lowest recent recommendation"
    );
    private static readonly ConditionReason HeldDown = new(
        "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation"
    );

    private readonly int _minimum = autoscaler.Spec.MinReplicas ?? 1;
    private readonly int _maximum = autoscaler.Spec.MaxReplicas;

    public LimitedReplicas Apply(int current, int recommended)
    {
        var (stable, held) = autoscaler.Spec.Behavior is { } behavior ? Stabilize(behavior, current, recommended) : Stabilize(recommended);
        history.Recommended(recommended, now);
        var (limited, why) = autoscaler.Spec.Behavior is { } rules ? Limit(rules, current, stable) : Limit(current, stable);
        return new(limited, stable == recommended ? Ready : held, why, limited != stable);
    }

    private (int, ConditionReason) Stabilize(int recommended) =>
        (history.Highest(recommended, settings.DownscaleStabilization, now), HeldDown);

    private (int, ConditionReason) Stabilize(V2HorizontalPodAutoscalerBehavior behavior, int current, int recommended)
    {
        var up = history.Lowest(recommended, Window(behavior.ScaleUp, TimeSpan.Zero), now);
        var down = history.Highest(recommended, Window(behavior.ScaleDown, settings.DownscaleStabilization), now);
        var stable = Math.Min(Math.Max(current, up), down);
        return (stable, recommended >= current ? HeldUp : HeldDown);
    }

    private (int, ConditionReason) Limit(int current, int desired)
    {
        var rate = Math.Max(RateFactor * current, RateMinimum);
        var (most, why) = _maximum > rate ? (rate, TooFast) : (_maximum, TooMany);
        return desired < _minimum ? (_minimum, TooFew)
            : desired > most ? (most, why)
            : (desired, InRange);
    }

    private (int, ConditionReason) Limit(V2HorizontalPodAutoscalerBehavior behavior, int current, int desired)
    {
        if (desired > current)
        {
            var rate = Math.Max(current, UpLimit(behavior.ScaleUp, current));
            var (most, why) = _maximum > rate ? (rate, TooFast) : (_maximum, TooMany);
            return desired > most ? (most, why) : (desired, InRange);
        }
        if (desired < current)
        {
            var rate = Math.Min(current, DownLimit(behavior.ScaleDown, current));
            var (least, why) = _minimum < rate ? (rate, DownTooFast) : (_minimum, TooFew);
            return desired < least ? (least, why) : (desired, InRange);
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
        // The policy that allows the most change leaves the fewest.
        return rules?.SelectPolicy == "Min" ? limits.Max() : limits.Min();
    }

    // How many replicas there were when the policy's period began.
    private int StartOf(V2HPAScalingPolicy policy, int current)
    {
        var period = TimeSpan.FromSeconds(policy.PeriodSeconds);
        return current - history.Added(period, now) + history.Removed(period, now);
    }

    private static IEnumerable<V2HPAScalingPolicy> Policies(V2HPAScalingRules? rules, V2HPAScalingPolicy[] defaults) =>
        rules?.Policies is { Count: > 0 } given ? given : defaults;

    private static TimeSpan Window(V2HPAScalingRules? rules, TimeSpan otherwise) =>
        rules?.StabilizationWindowSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : otherwise;

    // The API fills these in; an object of an older server may lack them.
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
