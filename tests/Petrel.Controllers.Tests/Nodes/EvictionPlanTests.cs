using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Nodes;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Nodes;

public sealed class EvictionPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly V1Taint Unreachable = new()
    {
        Key = NodeHealthPlan.Unreachable,
        Effect = "NoExecute",
        TimeAdded = Now.UtcDateTime.AddSeconds(-3),
    };

    [Fact]
    public void A_pod_without_a_toleration_is_evicted_at_once() => Assert.Equal(Now, EvictionPlan.Compute(Pod(), [Unreachable], Now));

    [Fact]
    public void A_pod_that_tolerates_the_taint_for_ever_stays() =>
        Assert.Null(EvictionPlan.Compute(Pod(Tolerate(NodeHealthPlan.Unreachable, null)), [Unreachable], Now));

    [Fact]
    public void Seconds_count_from_when_the_taint_was_added() =>
        Assert.Equal(Now.AddSeconds(7), EvictionPlan.Compute(Pod(Tolerate(NodeHealthPlan.Unreachable, 10)), [Unreachable], Now));

    [Theory]
    [InlineData(9_000_000)]
    [InlineData(long.MaxValue)]
    public void Any_number_of_seconds_is_a_time(long seconds) =>
        Assert.True(EvictionPlan.Compute(Pod(Tolerate(NodeHealthPlan.Unreachable, seconds)), [Unreachable], Now) > Now.AddDays(100));

    [Fact]
    public void The_shortest_of_the_matching_tolerations_counts()
    {
        var other = new V1Taint
        {
            Key = "maintenance",
            Value = "soon",
            Effect = "NoExecute",
            TimeAdded = Now.UtcDateTime,
        };
        var pod = Pod(
            Tolerate(NodeHealthPlan.Unreachable, 300),
            new()
            {
                Key = "maintenance",
                Value = "soon",
                TolerationSeconds = 4,
            }
        );
        Assert.Equal(Now.AddSeconds(4), EvictionPlan.Compute(pod, [Unreachable, other], Now));
    }

    [Fact]
    public void A_toleration_of_another_value_does_not_help()
    {
        var taint = new V1Taint
        {
            Key = "maintenance",
            Value = "now",
            Effect = "NoExecute",
        };
        Assert.Equal(Now, EvictionPlan.Compute(Pod(new V1Toleration { Key = "maintenance", Value = "soon" }), [taint], Now));
    }

    [Fact]
    public void No_schedule_taints_evict_no_pods() =>
        Assert.Null(EvictionPlan.Compute(Pod(), [new V1Taint { Key = NodeHealthPlan.NotReady, Effect = "NoSchedule" }], Now));

    [Fact]
    public void A_toleration_for_all_taints_needs_no_key() =>
        Assert.Null(EvictionPlan.Compute(Pod(new V1Toleration { OperatorProperty = "Exists" }), [Unreachable], Now));

    private static V1Toleration Tolerate(string key, long? seconds) =>
        new()
        {
            Key = key,
            OperatorProperty = "Exists",
            Effect = "NoExecute",
            TolerationSeconds = seconds,
        };

    private static V1Pod Pod(params V1Toleration[] tolerations) =>
        new()
        {
            Spec = new() { Containers = [], Tolerations = tolerations },
        };
}
