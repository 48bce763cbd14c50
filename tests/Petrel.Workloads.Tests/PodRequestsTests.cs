using CsCheck;
using k8s.Models;

namespace Petrel.Workloads.Tests;

public sealed class PodRequestsTests
{
    [Fact]
    public void Containers_add_up()
    {
        var amounts = Of(containers: [Container("a", "100m", "1Gi"), Container("b", "0.25", "1k")]);
        Assert.Equal((350, 1024L * 1024 * 1024 + 1000), (amounts.MilliCpu, amounts.Memory));
    }

    [Fact]
    public void The_largest_init_container_counts_when_it_requests_more_than_all_containers()
    {
        var amounts = Of([Container("a", "100m", "100Mi")], init: [Container("i1", "1", "10Mi"), Container("i2", "500m", "20Mi")]);
        Assert.Equal((1000, 100L << 20), (amounts.MilliCpu, amounts.Memory));
    }

    [Fact]
    public void Sidecars_run_beside_the_containers_and_the_init_containers_after_them()
    {
        // During i1: 1000 + 0. During i2: 900 + 200 of the sidecar. Running: 300 + 200.
        var amounts = Of(
            [Container("a", "300m")],
            init: [Container("i1", "1"), Container("s", "200m", sidecar: true), Container("i2", "900m")]
        );
        Assert.Equal(1100, amounts.MilliCpu);
    }

    [Fact]
    public void Pod_level_requests_replace_the_sum_and_overhead_comes_on_top()
    {
        var spec = new V1PodSpec
        {
            Containers = [Container("a", "300m", "1Mi")],
            Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("500m") } },
            Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("10m"), ["memory"] = new("1Mi") },
        };
        var amounts = PodRequests.Of(spec);
        Assert.Equal((510, 2L << 20), (amounts.MilliCpu, amounts.Memory));
    }

    [Fact]
    public void Extended_resources_are_kept_by_name()
    {
        var container = Container("a");
        container.Resources.Requests["example.com/gpu"] = new("2");
        container.Resources.Requests["ephemeral-storage"] = new("1Gi");
        var amounts = Of([container, container]);
        Assert.Equal((4, 2L << 30), (amounts.Other("example.com/gpu"), amounts.EphemeralStorage));
    }

    [Fact]
    public void While_a_container_is_resized_the_most_of_what_it_asks_for_and_has_counts()
    {
        ResourceList Resizing(string? pending) =>
            PodRequests.Of(
                new V1Pod
                {
                    Metadata = new() { Name = "p", NamespaceProperty = "default" },
                    Spec = new() { Containers = [Container("a", "500m", "1Gi")] },
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
        Assert.Equal((500, 2L << 30), (Resizing(null).MilliCpu, Resizing(null).Memory));
        Assert.Equal(500, Resizing("Deferred").MilliCpu);
        // The node refused the resize for good: only what the container has counts.
        Assert.Equal(400, Resizing("Infeasible").MilliCpu);
    }

    [Fact]
    public void Defaults_count_for_containers_that_do_not_state_the_resource()
    {
        var spec = new V1PodSpec { Containers = [Container("a"), Container("b", "0"), Container("c", "1", "1Gi")] };
        var defaults = ResourceList.From([new("cpu", new("100m")), new("memory", new("200Mi"))]);
        var requests = PodRequests.Of(spec, defaults);
        Assert.Equal((1100, (400L << 20) + (1L << 30)), (requests.MilliCpu, requests.Memory));
    }

    /// <summary>The documentation's formula: the largest step of the start, each with everything that runs at that time.</summary>
    [Fact]
    public void The_requests_are_those_of_the_largest_step_of_the_start()
    {
        var container = Gen.Select(Gen.Long[0, 1000], Gen.Bool);
        Gen.Select(container.Array[0, 5], Gen.Long[0, 1000].Array[1, 4], Gen.Long[0, 50])
            .Sample(
                (init, containers, overhead) =>
                {
                    var steps = init.Select((c, i) => c.Item1 + init.Take(i).Where(s => s.Item2).Sum(s => s.Item1));
                    var running = containers.Sum() + init.Where(c => c.Item2).Sum(c => c.Item1);
                    var spec = new V1PodSpec
                    {
                        InitContainers = [.. init.Select((c, i) => Container($"i{i}", $"{c.Item1}m", sidecar: c.Item2))],
                        Containers = [.. containers.Select((c, i) => Container($"c{i}", $"{c}m"))],
                        Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new($"{overhead}m") },
                    };
                    Assert.Equal(steps.Append(running).Max() + overhead, PodRequests.Of(spec).MilliCpu);
                },
                iter: 1000
            );
    }

    private static ResourceList Of(IList<V1Container> containers, IList<V1Container>? init = null) =>
        PodRequests.Of(new V1PodSpec { Containers = containers, InitContainers = init });

    private static V1Container Container(string name, string? cpu = null, string? memory = null, bool sidecar = false)
    {
        var requests = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null)
        {
            requests["cpu"] = new(cpu);
        }
        if (memory is not null)
        {
            requests["memory"] = new(memory);
        }
        return new()
        {
            Name = name,
            RestartPolicy = sidecar ? "Always" : null,
            Resources = new() { Requests = requests },
        };
    }
}
