using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests;

public sealed class ScoringRequestsTests
{
    [Fact]
    public void For_scores_a_container_without_requests_counts_for_a_little()
    {
        var spec = new V1PodSpec { Containers = [Make.Container("a"), Make.Container("b", "1", "1Gi")] };
        Assert.True(PodRequests.Of(spec) is { MilliCpu: 1000 });
        Assert.Equal((1100, (200L << 20) + (1L << 30)), (NonZeroOf(spec).MilliCpu, NonZeroOf(spec).Memory));
    }

    [Fact]
    public void With_pod_level_resources_only_what_nothing_tells_gets_a_default()
    {
        var spec = new V1PodSpec
        {
            Containers = [Make.Container("a"), Make.Container("b", "1")],
            Resources = new()
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["memory"] = new("1Gi"), ["example.com/gpu"] = new("1") },
            },
        };
        Assert.Equal((1000, 1L << 30), (NonZeroOf(spec).MilliCpu, NonZeroOf(spec).Memory));
        Assert.Equal(0, PodRequests.Of(spec).Other("example.com/gpu"));
    }

    private static ResourceList NonZeroOf(V1PodSpec spec)
    {
        var pod = new V1Pod { Spec = spec };
        return ScoringRequests.Of(pod, PodRequests.Of(pod));
    }
}
