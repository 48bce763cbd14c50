using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Disruption;

namespace Petrel.Controllers.Tests.Disruption;

public sealed class DisruptionPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("1", null, 3, 3, 0, 3, 1, 2)]
    [InlineData("3", null, 3, 3, 0, 3, 3, 0)]
    [InlineData("5", null, 3, 3, 0, 3, 5, 0)]
    [InlineData("50%", null, 3, 3, 5, 5, 3, 0)]
    [InlineData("50%", null, 5, 5, 5, 5, 3, 2)]
    [InlineData(null, "1", 3, 3, 3, 3, 2, 1)]
    [InlineData(null, "1", 3, 2, 3, 3, 2, 0)]
    [InlineData(null, "30%", 4, 4, 4, 4, 2, 2)]
    [InlineData(null, "9", 2, 2, 2, 2, 0, 2)]
    [InlineData("0", null, 0, 0, 0, 0, 0, 0)]
    public void A_budget_allows_the_healthy_pods_beyond_the_desired_ones(
        string? minAvailable,
        string? maxUnavailable,
        int pods,
        int ready,
        int wanted,
        int expected,
        int desired,
        int allowed
    )
    {
        var status = DisruptionPlan.Compute(Budget(minAvailable, maxUnavailable), Pods(pods, ready), wanted, Now).Status;

        Assert.Equal(
            (expected, desired, ready, allowed),
            (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed)
        );
        Assert.Equal(allowed > 0 ? "SufficientPods" : "InsufficientPods", Assert.Single(status.Conditions).Reason);
    }

    [Fact]
    public void A_pending_eviction_counts_for_two_minutes()
    {
        var budget = Budget("1", null);
        budget.Status = new()
        {
            DisruptedPods = new Dictionary<string, DateTime?> { ["p0"] = Now.AddSeconds(-30).UtcDateTime, ["gone"] = Now.UtcDateTime },
        };

        var waiting = DisruptionPlan.Compute(budget, Pods(3, 3), 0, Now);
        var late = DisruptionPlan.Compute(budget, Pods(3, 3), 0, Now.AddSeconds(91));

        Assert.Equal("p0", Assert.Single(waiting.Status.DisruptedPods).Key);
        Assert.Equal(2, waiting.Status.CurrentHealthy);
        Assert.Equal(TimeSpan.FromSeconds(91), waiting.RequeueAfter);
        Assert.Null(late.Status.DisruptedPods);
        Assert.Equal(3, late.Status.CurrentHealthy);
        Assert.Equal("p0", Assert.Single(late.Overdue).Metadata.Name);
    }

    [Fact]
    public void A_terminating_pod_is_not_healthy()
    {
        var pods = Pods(2, 2);
        pods[0].Metadata.DeletionTimestamp = Now.UtcDateTime;

        Assert.Equal(1, DisruptionPlan.Compute(Budget("1", null), pods, 0, Now).Status.CurrentHealthy);
    }

    [Fact]
    public void An_unchanged_status_is_not_written()
    {
        var budget = Budget("1", null);
        budget.Status = DisruptionPlan.Compute(budget, Pods(3, 2), 0, Now).Status;

        Assert.False(DisruptionPlan.Compute(budget, Pods(3, 2), 0, Now.AddSeconds(9)).Changed);
        Assert.True(DisruptionPlan.Compute(budget, Pods(3, 1), 0, Now.AddSeconds(9)).Changed);
    }

    private static V1PodDisruptionBudget Budget(string? minAvailable, string? maxUnavailable) =>
        new()
        {
            Metadata = new()
            {
                Name = "b",
                NamespaceProperty = "default",
                Generation = 1,
            },
            Spec = new() { MinAvailable = Amount(minAvailable), MaxUnavailable = Amount(maxUnavailable) },
        };

    private static IntOrString? Amount(string? text) => text is null ? null : (IntOrString)text;

    private static V1Pod[] Pods(int count, int ready) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new V1Pod
                {
                    Metadata = new() { Name = $"p{i}", NamespaceProperty = "default" },
                    Status = new() { Phase = "Running", Conditions = [new() { Type = "Ready", Status = i < ready ? "True" : "False" }] },
                }),
        ];
}
