using k8s.Models;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Tests;

public sealed class PodRequestsTests
{
    [Fact]
    public void Containers_add_up()
    {
        var amounts = Of(containers: [Make.Container("a", "100m", "1Gi"), Make.Container("b", "0.25", "1k")]);
        Assert.Equal((350, 1024L * 1024 * 1024 + 1000), (amounts.MilliCpu, amounts.Memory));
    }

    [Fact]
    public void The_hungriest_init_container_counts_when_it_needs_more_than_all_containers()
    {
        var amounts = Of(
            [Make.Container("a", "100m", "100Mi")],
            init: [Make.Container("i1", "1", "10Mi"), Make.Container("i2", "500m", "20Mi")]
        );
        Assert.Equal((1000, 100L << 20), (amounts.MilliCpu, amounts.Memory));
    }

    [Fact]
    public void Sidecars_run_beside_the_containers_and_the_init_containers_after_them()
    {
        // During i1: 1000 + 0. During i2: 900 + 200 of the sidecar. Running: 300 + 200.
        var amounts = Of(
            [Make.Container("a", "300m")],
            init: [Make.Container("i1", "1"), Make.Container("s", "200m", sidecar: true), Make.Container("i2", "900m")]
        );
        Assert.Equal(1100, amounts.MilliCpu);
    }

    [Fact]
    public void Pod_level_requests_replace_the_sum_and_overhead_comes_on_top()
    {
        var spec = new V1PodSpec
        {
            Containers = [Make.Container("a", "300m", "1Mi")],
            Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("500m") } },
            Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("10m"), ["memory"] = new("1Mi") },
        };
        var amounts = PodRequests.Of(spec);
        Assert.Equal((510, 2L << 20), (amounts.MilliCpu, amounts.Memory));
    }

    [Fact]
    public void For_scores_a_container_without_requests_counts_for_a_little()
    {
        var spec = new V1PodSpec { Containers = [Make.Container("a"), Make.Container("b", "1", "1Gi")] };
        Assert.True(PodRequests.Of(spec) is { MilliCpu: 1000 });
        Assert.Equal((1100, (200L << 20) + (1L << 30)), (PodRequests.NonZeroOf(spec).MilliCpu, PodRequests.NonZeroOf(spec).Memory));
    }

    [Fact]
    public void Extended_resources_are_kept_by_name()
    {
        var container = Make.Container("a");
        container.Resources.Requests["example.com/gpu"] = new("2");
        container.Resources.Requests["ephemeral-storage"] = new("1Gi");
        var amounts = Of([container, container]);
        Assert.Equal((4, 2L << 30), (amounts.Other("example.com/gpu"), amounts.EphemeralStorage));
    }

    [Fact]
    public void While_a_container_is_resized_the_most_of_what_it_asks_for_and_has_counts()
    {
        PodInfo Resizing(string? pending) =>
            new(
                new V1Pod
                {
                    Metadata = new() { Name = "p", NamespaceProperty = "default" },
                    Spec = new() { Containers = [Make.Container("a", "500m", "1Gi")] },
                    Status = new()
                    {
                        Conditions = pending is null
                            ? null
                            :
                            [
                                new()
                                {
                                    Type = "PodResizePending",
                                    Status = "True",
                                    Reason = pending,
                                },
                            ],
                        ContainerStatuses =
                        [
                            new()
                            {
                                Name = "a",
                                AllocatedResources = new Dictionary<string, ResourceQuantity>
                                {
                                    ["cpu"] = new("300m"),
                                    ["memory"] = new("2Gi"),
                                },
                                Resources = new()
                                {
                                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("400m"), ["memory"] = new("1Gi") },
                                },
                            },
                        ],
                    },
                }
            );
        Assert.Equal((500, 2L << 30), (Resizing(null).Requests.MilliCpu, Resizing(null).Requests.Memory));
        Assert.Equal(500, Resizing("Deferred").Requests.MilliCpu);
        // What the node can never do is as if it weren't asked for.
        Assert.Equal(400, Resizing("Infeasible").Requests.MilliCpu);
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
        Assert.Equal((1000, 1L << 30), (PodRequests.NonZeroOf(spec).MilliCpu, PodRequests.NonZeroOf(spec).Memory));
        Assert.Equal(0, PodRequests.Of(spec).Other("example.com/gpu"));
    }

    private static ResourceAmounts Of(IList<V1Container> containers, IList<V1Container>? init = null) =>
        PodRequests.Of(new V1PodSpec { Containers = containers, InitContainers = init });
}
