using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.SimulatedNodes;

namespace Petrel.SimulatedNodes.Tests;

/// <summary>The lives of pods on simulated nodes, as the API tells them.</summary>
public sealed class SimulatedPodManagerTests
{
    [Fact]
    public async Task A_pod_is_pending_for_its_start_delay_and_then_runs_and_is_ready()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { StartDelay = DurationRange.Seconds(5, 5) });
        world.Create(
            SimulatedNodesWorld.Pod("web", p => p.Spec.Containers[0].ReadinessProbe = new() { Exec = new() { Command = ["true"] } })
        );
        world.Run(3);
        var early = world.Get<V1Pod>("web").Status;
        Assert.Equal(("Pending", "ContainerCreating"), (early.Phase, Assert.Single(early.ContainerStatuses).State.Waiting.Reason));
        Assert.NotNull(early.StartTime);
        world.Run(3);
        var status = world.Get<V1Pod>("web").Status;
        Assert.Equal("Running", status.Phase);
        Assert.StartsWith("10.128.0.", status.PodIP);
        Assert.Equal(world.Get<V1Node>("sim-1", "").Status.Addresses[0].Address, status.HostIP);
        Assert.All((string[])["Initialized", "Ready", "ContainersReady", "PodReadyToStartContainers"], type =>
            Assert.Equal("True", Assert.Single(status.Conditions, c => c.Type == type).Status)
        );
        var container = Assert.Single(status.ContainerStatuses);
        Assert.True(container.Ready);
        Assert.Equal(5, (container.State.Running.StartedAt!.Value - status.StartTime!.Value).TotalSeconds, tolerance: 1);
        Assert.Matches("^simulated://[0-9a-f]{64}$", container.ContainerID);
        Assert.Matches("^registry.example/web@sha256:[0-9a-f]{64}$", container.ImageID);
    }

    [Fact]
    public async Task Each_pod_has_an_address_of_its_nodes_range_and_gives_it_back_at_its_end()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { MaxPods = 253 });
        foreach (var i in Enumerable.Range(0, 6))
        {
            world.Create(SimulatedNodesWorld.Pod($"p{i}", p => p.Spec.NodeName = $"sim-{(i % 2) + 1}"));
        }
        world.Create(SimulatedNodesWorld.Pod("host", p => p.Spec.HostNetwork = true));
        world.Run(5);
        var addresses = Enumerable.Range(0, 6).Select(i => world.Get<V1Pod>($"p{i}").Status.PodIP).ToList();
        Assert.Equal(6, addresses.Distinct().Count());
        Assert.All(addresses.Where((_, i) => i % 2 == 1), a => Assert.StartsWith("10.128.1.", a));
        Assert.Equal(world.Get<V1Pod>("host").Status.HostIP, world.Get<V1Pod>("host").Status.PodIP);
    }

    [Theory]
    [InlineData(0.0, "Succeeded", 0)]
    [InlineData(1.0, "Failed", 1)]
    public async Task A_pod_that_is_not_to_run_again_ends_after_its_run_time(double failureRate, string phase, int exitCode)
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { PodFailureRate = failureRate });
        world.Create(SimulatedNodesWorld.Pod("job", p => p.Spec.RestartPolicy = "Never"));
        world.Run(8);
        Assert.Equal("Running", world.Get<V1Pod>("job").Status.Phase);
        world.Run(6);
        var status = world.Get<V1Pod>("job").Status;
        Assert.Equal(phase, status.Phase);
        var ended = Assert.Single(status.ContainerStatuses).State.Terminated;
        Assert.Equal((exitCode, 10.0), (ended.ExitCode, (ended.FinishedAt!.Value - ended.StartedAt!.Value).TotalSeconds));
        Assert.Equal("False", Assert.Single(status.Conditions, c => c.Type == "Ready").Status);
        world.Delete("job");
        world.Run(0.5);
        Assert.Null(world.Find<V1Pod>("job"));
    }

    [Fact]
    public async Task A_job_that_fails_is_tried_again_in_its_pod_when_it_may_be()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { PodFailureRate = 1 });
        world.Create(SimulatedNodesWorld.Pod("job", p => p.Spec.RestartPolicy = "OnFailure"));
        world.Run(30);
        var container = Assert.Single(world.Get<V1Pod>("job").Status.ContainerStatuses);
        Assert.Equal((1, "CrashLoopBackOff"), (container.RestartCount, container.State.Waiting.Reason));
        Assert.Equal(1, container.LastState.Terminated.ExitCode);
    }

    [Fact]
    public async Task A_container_that_keeps_failing_backs_off_longer_each_time()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Create(
            SimulatedNodesWorld.Pod("web", p =>
                p.Metadata.Annotations = new Dictionary<string, string>
                {
                    ["sim.petrel.dev/run-time"] = "1s",
                    ["sim.petrel.dev/exit-code"] = "3",
                }
            )
        );
        world.Run(10);
        var status = world.Get<V1Pod>("web").Status;
        var container = Assert.Single(status.ContainerStatuses);
        Assert.Equal(
            ("Running", "CrashLoopBackOff", 3),
            (status.Phase, container.State.Waiting.Reason, container.LastState.Terminated.ExitCode)
        );
        Assert.StartsWith("back-off 10s restarting failed container=main pod=web_default(", container.State.Waiting.Message);
        Assert.False(container.Ready);
        var soon = container.RestartCount;
        world.Run(300);
        var later = Assert.Single(world.Get<V1Pod>("web").Status.ContainerStatuses).RestartCount;
        Assert.InRange(later, soon + 4, soon + 5); // 10, 20, 40, 80, 160 seconds apart.
    }

    [Fact]
    public async Task Containers_fail_within_a_minute_at_the_rate_that_was_asked_for()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { PodFailureRate = 0.5 });
        foreach (var i in Enumerable.Range(0, 40))
        {
            world.Create(SimulatedNodesWorld.Pod($"p{i}"));
        }
        world.Run(61);
        var failed = Enumerable.Range(0, 40).Count(i => world.Get<V1Pod>($"p{i}").Status.ContainerStatuses[0].RestartCount > 0);
        Assert.InRange(failed, 12, 28);
    }

    [Theory]
    [InlineData(5, null, 3, 7)]
    [InlineData(100, 10L, 8, 12)]
    public async Task A_deleted_pod_is_gone_after_its_stop_delay_and_no_later_than_its_grace(
        double delay,
        long? grace,
        double before,
        double after
    )
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { StopDelay = DurationRange.Seconds(delay, delay) });
        world.Create(SimulatedNodesWorld.Pod("web"));
        world.Run(5);
        world.Delete("web", grace);
        world.Run(before);
        Assert.NotNull(world.Get<V1Pod>("web").Metadata.DeletionTimestamp);
        world.Run(after - before);
        Assert.Null(world.Find<V1Pod>("web"));
        Assert.Equal(0, world.NodeSimulator.Progress.Ending);
    }

    [Fact]
    public async Task A_pod_with_a_finalizer_shows_how_its_containers_ended()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { StopDelay = DurationRange.Seconds(100, 100) });
        world.Create(SimulatedNodesWorld.Pod("web", p => p.Metadata.Finalizers = ["example.com/hold"]));
        world.Run(5);
        world.Delete("web", 2);
        world.Run(5);
        var status = world.Get<V1Pod>("web").Status;
        Assert.Equal(("Failed", 137), (status.Phase, status.ContainerStatuses[0].State.Terminated.ExitCode));
    }

    [Fact]
    public async Task Init_containers_have_ended_and_sidecars_run_beside_the_others()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Create(SimulatedNodesWorld.Pod("web", p =>
            {
                p.Spec.InitContainers =
                [
                    new() { Name = "prepare", Image = "i" },
                    new()
                    {
                        Name = "proxy",
                        Image = "i",
                        RestartPolicy = "Always",
                    },
                ];
                p.Spec.RestartPolicy = "Never";
            }));
        world.Run(0.5);
        var early = world.Get<V1Pod>("web").Status;
        Assert.Equal(("Pending", "PodInitializing"), (early.Phase, early.ContainerStatuses[0].State.Waiting.Reason));
        world.Run(3);
        var status = world.Get<V1Pod>("web").Status;
        Assert.Equal("Running", status.Phase);
        Assert.Equal("Completed", status.InitContainerStatuses[0].State.Terminated.Reason);
        Assert.NotNull(status.InitContainerStatuses[1].State.Running);
        world.Run(10);
        Assert.Equal("Succeeded", world.Get<V1Pod>("web").Status.Phase);
        Assert.NotNull(world.Get<V1Pod>("web").Status.InitContainerStatuses[1].State.Terminated);
    }

    [Fact]
    public async Task A_pod_that_outlives_its_deadline_fails()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Create(SimulatedNodesWorld.Pod("web", p => p.Spec.ActiveDeadlineSeconds = 6));
        world.Run(10);
        Assert.Equal(("Failed", "DeadlineExceeded"), (world.Get<V1Pod>("web").Status.Phase, world.Get<V1Pod>("web").Status.Reason));
    }

    [Fact]
    public async Task A_fleet_that_is_started_again_goes_on_with_the_pods_that_run()
    {
        var settings = SimulatedNodesWorld.Quick;
        await using var world = new SimulatedNodesWorld(settings);
        world.Create(SimulatedNodesWorld.Pod("web"));
        world.Create(SimulatedNodesWorld.Pod("job", p => p.Spec.RestartPolicy = "Never"));
        world.Create(SimulatedNodesWorld.Pod("gone"));
        world.Run(5);
        var before = world.Get<V1Pod>("web").Status;
        world.Kill();
        world.Delete("gone", 0);
        world.Run(1);
        world.Start(settings);
        world.Create(SimulatedNodesWorld.Pod("new"));
        world.Run(4);
        var after = world.Get<V1Pod>("web").Status;
        Assert.Equal((before.ContainerStatuses[0].ContainerID, before.PodIP), (after.ContainerStatuses[0].ContainerID, after.PodIP));
        Assert.Equal(before.ContainerStatuses[0].State.Running.StartedAt, after.ContainerStatuses[0].State.Running.StartedAt);
        Assert.NotEqual(after.PodIP, world.Get<V1Pod>("new").Status.PodIP);
        world.Run(4);
        // It began before and takes its ten seconds all the same.
        Assert.Equal("Succeeded", world.Get<V1Pod>("job").Status.Phase);
        Assert.Equal(2, world.NodeSimulator.Progress.Running);
    }

    [Fact]
    public async Task Nothing_is_heard_of_the_pods_of_a_silent_node_until_it_speaks_again()
    {
        await using var world = new SimulatedNodesWorld(
            SimulatedNodesWorld.Quick with
            {
                Count = 1,
                NodeFailureRate = 1,
                NodeDownTime = DurationRange.Seconds(90, 90),
            }
        );
        world.RunUntil(() => world.NodeSimulator.Progress.Silent == 1, 60);
        world.Create(SimulatedNodesWorld.Pod("web"));
        world.Run(60);
        Assert.Equal("Pending", world.Get<V1Pod>("web").Status.Phase);
        world.RunUntil(() => world.NodeSimulator.Progress.Silent == 0, 40);
        world.Run(2);
        Assert.Equal("Running", world.Get<V1Pod>("web").Status.Phase);
    }

    [Fact]
    public async Task A_pod_that_was_taken_for_lost_is_ready_again()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Create(SimulatedNodesWorld.Pod("web"));
        world.Run(5);
        world.Do(async stop =>
            await world.User.PatchAsync<V1Pod>(
                new("default", "web"),
                (JsonObject)JsonNode.Parse("""{"status":{"conditions":[{"type":"Ready","status":"False","reason":"NodeNotReady"}]}}""")!,
                stop,
                "status"
            )
        );
        world.Run(1);
        Assert.Equal("True", Assert.Single(world.Get<V1Pod>("web").Status.Conditions, c => c.Type == "Ready").Status);
    }

    [Fact]
    public async Task Pods_of_other_nodes_and_of_none_are_left_alone()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Create(SimulatedNodesWorld.Pod("elsewhere", p => p.Spec.NodeName = "real"));
        world.Create(SimulatedNodesWorld.Pod("nowhere", p => p.Spec.NodeName = null));
        world.Run(10);
        Assert.Null(world.Get<V1Pod>("elsewhere").Status.StartTime);
        Assert.Null(world.Get<V1Pod>("nowhere").Status.StartTime);
        Assert.Equal(0, world.NodeSimulator.Progress.Running + world.NodeSimulator.Progress.Starting);
    }

    [Fact]
    public async Task A_pod_takes_two_reports_to_run_and_nothing_more_while_it_does()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Create(SimulatedNodesWorld.Pod("web"));
        world.Run(250);
        Assert.Equal(2, world.Requests.Count(r => r.What == "PATCH /api/v1/namespaces/default/pods/web/status"));
    }
}
