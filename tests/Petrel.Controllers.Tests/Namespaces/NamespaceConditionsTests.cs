using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Namespaces;

namespace Petrel.Controllers.Tests.Namespaces;

public sealed class NamespaceConditionsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ResourceKind Deployments = new(new("apps", "v1", "Deployment"), "deployments", true, [], true);

    [Fact]
    public void The_same_report_changes_nothing()
    {
        var first = NamespaceConditions.Compute(null, Clean, Noon)!;
        Assert.Equal(5, first.Count);
        Assert.All(first, c => Assert.Equal("False", c.Status));
        Assert.Null(NamespaceConditions.Compute(first, Clean, Noon.AddMinutes(1)));
    }

    [Fact]
    public void The_transition_time_changes_with_the_status_only()
    {
        var one = NamespaceConditions.Compute(null, Clean with { Remaining = [Left(2)] }, Noon)!;
        var two = NamespaceConditions.Compute(one, Clean with { Remaining = [Left(1)] }, Noon.AddMinutes(1))!;
        var remaining = two.Single(c => c.Type == NamespaceConditions.ContentRemaining);
        Assert.Equal("Some resources are remaining: deployments.apps has 1 resource instances", remaining.Message);
        Assert.Equal(Noon.UtcDateTime, remaining.LastTransitionTime);
        var three = NamespaceConditions.Compute(two, Clean, Noon.AddMinutes(2))!;
        Assert.Equal(Noon.AddMinutes(2).UtcDateTime, three.Single(c => c.Type == NamespaceConditions.ContentRemaining).LastTransitionTime);
    }

    [Fact]
    public void Conditions_of_others_stay()
    {
        var other = new V1NamespaceCondition { Type = "Other", Status = "True" };
        Assert.Same(other, NamespaceConditions.Compute([other], Clean, Noon)![0]);
    }

    [Fact]
    public void Failures_are_reported_in_order()
    {
        var result = NamespaceConditions.Compute(null, new(["no apps/v1"], ["b", "a"], []), Noon)!;
        Assert.Equal("no apps/v1", result.Single(c => c.Type == NamespaceConditions.DiscoveryFailure).Message);
        Assert.Equal(
            "Failed to delete all resource types, 2 remaining: a, b",
            result.Single(c => c.Type == NamespaceConditions.ContentFailure).Message
        );
    }

    private static NamespaceContentReport Clean { get; } = new([], [], []);

    private static RemainingContent Left(int count) =>
        new(Deployments, count, new(StringComparer.Ordinal), RemainingContent.FinalizerEstimate);
}
