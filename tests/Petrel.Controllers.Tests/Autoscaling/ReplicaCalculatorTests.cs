using k8s.Models;
using Petrel.Controllers.Autoscaling;
using Petrel.Controllers.Configuration;

namespace Petrel.Controllers.Tests.Autoscaling;

/// <summary>The examples of upstream's description of the algorithm, and its rules for pods without metrics.</summary>
public sealed class ReplicaCalculatorTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ReplicaCalculator _calculator = new(new(), ScalingTolerances.Default, Now);

    [Theory]
    [InlineData(3, 100, 30, 1)] // 10 % of the request on average, 30 % wanted
    [InlineData(3, 900, 30, 9)]
    [InlineData(3, 320, 30, 3)] // within the tolerance
    [InlineData(3, 500, 30, 5)]
    public void Utilization_scales_in_proportion_outside_the_tolerance(int pods, long each, int target, int expected)
    {
        var proposal = _calculator.Utilization(pods, Pods(pods), Metrics(pods, each), "cpu", "", target);
        Assert.Equal(expected, proposal.Replicas);
        Assert.Equal((int)each / 10, proposal.Utilization);
        Assert.Equal(each, proposal.AverageMilliValue);
    }

    [Fact]
    public void Pods_without_metrics_count_as_fully_used_for_scaling_down()
    {
        var pods = Pods(4);
        // Two pods use 10 % of a target of 50 %. With the other two at 100 %, the average is 55 %.
        Assert.Equal(4, _calculator.Utilization(4, pods, Metrics(2, 100), "memory", "", 50).Replicas);
        // With metrics of all four, one is enough.
        Assert.Equal(1, _calculator.Utilization(4, pods, Metrics(4, 100), "memory", "", 50).Replicas);
    }

    [Fact]
    public void Pods_without_metrics_count_as_idle_for_scaling_up()
    {
        // Two use 90 %, two have no metric: (90 + 90 + 0 + 0) / 4 = 45 % of a target of 30 %.
        Assert.Equal(6, _calculator.Utilization(4, Pods(4), Metrics(2, 900), "memory", "", 30).Replicas);
    }

    [Fact]
    public void Unready_pods_count_as_idle_for_scaling_up_and_not_at_all_otherwise()
    {
        var pods = Pods(3);
        pods[2].Status.Conditions[0].Status = "False";
        pods[2].Status.StartTime = Now.AddMinutes(-1).UtcDateTime;
        Assert.Equal(4, _calculator.Utilization(3, pods, Metrics(3, 600), "cpu", "", 30).Replicas);
        Assert.Equal(1, _calculator.Utilization(3, pods, Metrics(3, 100), "cpu", "", 30).Replicas);
    }

    [Fact]
    public void A_change_never_goes_against_the_direction_of_the_measured_metrics()
    {
        var pods = Pods(10);
        // One pod uses 40 % of a target of 30 %. With nine idle ones, the result would be lower.
        Assert.Equal(10, _calculator.Utilization(10, pods, Metrics(1, 400), "memory", "", 30).Replicas);
    }

    [Fact]
    public void Deleted_and_failed_pods_do_not_count()
    {
        var pods = Pods(4);
        pods[0].Metadata.DeletionTimestamp = Now.UtcDateTime;
        pods[1].Status.Phase = "Failed";
        Assert.Equal(4, _calculator.Utilization(2, pods, Metrics(4, 600), "cpu", "", 30).Replicas);
    }

    [Fact]
    public void Cpu_usage_from_before_the_pod_was_ready_for_a_window_does_not_count()
    {
        var pods = Pods(2);
        pods[1].Status.StartTime = Now.AddMinutes(-1).UtcDateTime;
        pods[1].Status.Conditions[0].LastTransitionTime = Now.AddSeconds(-10).UtcDateTime;
        // Its window of a minute began before it was ready. Only the other one counts, at 30 % of 30 %.
        Assert.Equal(
            2,
            _calculator
                .Utilization(2, pods, new Dictionary<string, PodMetric> { ["p0"] = Metric(300), ["p1"] = Metric(3000) }, "cpu", "", 30)
                .Replicas
        );
    }

    [Fact]
    public void A_missing_request_is_named()
    {
        var pods = Pods(1);
        pods[0].Spec.Containers[0].Resources.Requests.Remove("cpu");
        var problem = Assert.Throws<MetricException>(() => _calculator.Utilization(1, pods, Metrics(1, 1), "cpu", "", 30));
        Assert.Equal("missing request for cpu in container app of Pod p0", problem.Message);
        Assert.Throws<MetricException>(() => _calculator.Utilization(1, [], Metrics(1, 1), "cpu", "", 30));
        Assert.Throws<MetricException>(() => _calculator.Utilization(1, Pods(1), new Dictionary<string, PodMetric>(), "cpu", "", 30));
    }

    [Theory]
    [InlineData(4, 20_000, 10_000, 8)]
    [InlineData(4, 10_500, 10_000, 4)]
    [InlineData(4, 2_000, 10_000, 1)]
    [InlineData(0, 25_000, 10_000, 3)] // from nothing, the ratio is the number
    [InlineData(0, 0, 10_000, 0)]
    public void The_value_of_an_object_scales_the_ready_pods(int current, long value, long target, int expected) =>
        Assert.Equal(expected, _calculator.Value(current, Pods(4), value, target).Replicas);

    [Theory]
    [InlineData(4, 100_000, 10_000, 10)]
    [InlineData(4, 41_000, 10_000, 4)]
    [InlineData(0, 41_000, 10_000, 5)]
    public void A_target_value_per_pod_sets_the_number(int current, long value, long target, int expected) =>
        Assert.Equal(expected, _calculator.ValuePerPod(current, value, target).Replicas);

    [Fact]
    public void Each_direction_has_a_tolerance_of_its_own()
    {
        var careful = new ReplicaCalculator(new(), new(Down: 0.5, Up: 0), Now);
        Assert.Equal(11, careful.Value(10, Pods(10), 10_100, 10_000).Replicas);
        Assert.Equal(10, careful.Value(10, Pods(10), 5_100, 10_000).Replicas);
        Assert.Equal(4, careful.Value(10, Pods(10), 4_000, 10_000).Replicas);
    }

    private static V1Pod[] Pods(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new V1Pod
                {
                    Metadata = new() { Name = $"p{i}" },
                    Spec = new()
                    {
                        Containers =
                        [
                            new()
                            {
                                Name = "app",
                                Resources = new()
                                {
                                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new("1") },
                                },
                            },
                        ],
                    },
                    Status = new()
                    {
                        Phase = "Running",
                        StartTime = Now.AddHours(-1).UtcDateTime,
                        Conditions =
                        [
                            new()
                            {
                                Type = "Ready",
                                Status = "True",
                                LastTransitionTime = Now.AddHours(-1).UtcDateTime,
                            },
                        ],
                    },
                }),
        ];

    private static Dictionary<string, PodMetric> Metrics(int count, long milli) =>
        Enumerable.Range(0, count).ToDictionary(i => $"p{i}", _ => Metric(milli));

    private static PodMetric Metric(long milli) => new(milli, Now, TimeSpan.FromMinutes(1));
}
