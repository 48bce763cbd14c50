using k8s.Models;
using Petrel.Controllers.Autoscaling;

namespace Petrel.Controllers.Tests.Autoscaling;

/// <summary>Stabilization and limits of recommendations.</summary>
public sealed class ScalingLimitsTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ScalingHistory _history = new();

    [Theory]
    [InlineData(1, 100, 4, "ScaleUpLimit")]
    [InlineData(10, 100, 20, "ScaleUpLimit")]
    [InlineData(40, 100, 50, "TooManyReplicas")]
    [InlineData(40, 45, 45, "DesiredWithinRange")]
    [InlineData(40, 1, 2, "TooFewReplicas")]
    public void Without_behavior_at_most_twice_as_many_or_four(int current, int recommended, int expected, string reason)
    {
        var limited = Apply(null, current, recommended, 0);
        Assert.Equal((expected, reason), (limited.Replicas, limited.ScalingLimited.Reason));
        Assert.Equal(reason != "DesiredWithinRange", limited.IsLimited);
    }

    [Fact]
    public void Without_behavior_the_highest_recommendation_of_five_minutes_holds()
    {
        Assert.Equal(20, Apply(null, 10, 20, 0).Replicas);
        var held = Apply(null, 20, 5, 100);
        Assert.Equal((20, "ScaleDownStabilized"), (held.Replicas, held.AbleToScale.Reason));
        var free = Apply(null, 20, 5, 301);
        Assert.Equal((5, "ReadyForNewScale"), (free.Replicas, free.AbleToScale.Reason));
    }

    [Fact]
    public void Scaling_up_can_be_stabilized_too()
    {
        var behavior = new V2HorizontalPodAutoscalerBehavior
        {
            ScaleUp = Rules(60, "Max", ("Pods", 100, 15)),
            ScaleDown = Rules(0, "Max", ("Percent", 100, 15)),
        };
        _history.RecordRecommendation(10, Start);
        var held = Apply(behavior, 10, 20, 30);
        Assert.Equal((10, "ScaleUpStabilized"), (held.Replicas, held.AbleToScale.Reason));
        Assert.Equal(20, Apply(behavior, 10, 20, 61).Replicas);
    }

    [Theory]
    [InlineData("Max", 10, 15)]
    [InlineData("Min", 10, 12)]
    [InlineData("Disabled", 10, 10)]
    public void Of_several_policies_the_selected_one_limits_the_way_up(string select, int current, int expected)
    {
        var behavior = new V2HorizontalPodAutoscalerBehavior { ScaleUp = Rules(0, select, ("Pods", 2, 60), ("Percent", 50, 60)) };
        Assert.Equal(expected, Apply(behavior, current, 45, 0).Replicas);
    }

    [Theory]
    [InlineData("Max", 40, 20)]
    [InlineData("Min", 40, 38)]
    [InlineData("Disabled", 40, 40)]
    public void Of_several_policies_the_selected_one_limits_the_way_down(string select, int current, int expected)
    {
        var behavior = new V2HorizontalPodAutoscalerBehavior { ScaleDown = Rules(0, select, ("Pods", 2, 60), ("Percent", 50, 60)) };
        Assert.Equal(expected, Apply(behavior, current, 3, 0).Replicas);
    }

    [Fact]
    public void A_policy_counts_what_was_changed_within_its_period()
    {
        var behavior = new V2HorizontalPodAutoscalerBehavior
        {
            ScaleUp = Rules(0, "Max", ("Pods", 4, 60)),
            ScaleDown = Rules(0, "Max", ("Pods", 3, 60)),
        };
        Assert.Equal(14, Apply(behavior, 10, 40, 0).Replicas);
        _history.RecordChange(10, 14, Start);
        Assert.Equal(14, Apply(behavior, 14, 40, 30).Replicas);
        Assert.Equal(18, Apply(behavior, 14, 40, 61).Replicas);
        // Relative to the number when the period began: 18 less the 4 that were added within it.
        _history.RecordChange(14, 18, Start.AddSeconds(61));
        Assert.Equal(11, Apply(behavior, 18, 2, 70).Replicas);
    }

    private LimitedReplicas Apply(V2HorizontalPodAutoscalerBehavior? behavior, int current, int recommended, double second) =>
        new ScalingLimits(
            new()
            {
                Spec = new()
                {
                    MinReplicas = 2,
                    MaxReplicas = 50,
                    Behavior = behavior,
                },
            },
            _history,
            new(),
            Start.AddSeconds(second)
        ).Apply(current, recommended);

    private static V2HPAScalingRules Rules(int window, string select, params (string Type, int Value, int Period)[] policies) =>
        new()
        {
            StabilizationWindowSeconds = window,
            SelectPolicy = select,
            Policies =
            [
                .. policies.Select(p => new V2HPAScalingPolicy
                {
                    Type = p.Type,
                    Value = p.Value,
                    PeriodSeconds = p.Period,
                }),
            ],
        };
}
