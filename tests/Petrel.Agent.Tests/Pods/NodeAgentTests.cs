using k8s.Models;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Model;

namespace Petrel.Agent.Tests.Pods;

/// <summary>The agent with the real API server, over simulated containers, in virtual time.</summary>
public sealed class NodeAgentTests : AgentTestBed
{
    [Fact]
    public void The_node_registers_is_ready_and_renews_its_lease()
    {
        var node = Get<V1Node>("node1", "");
        Assert.Equal("True", Assert.Single(node.Status.Conditions, c => c.Type == "Ready").Status);
        Assert.Equal("2", node.Status.Capacity["cpu"].ToString());
        var before = Get<V1Lease>("node1", "kube-node-lease").Spec.RenewTime;
        Run(30);
        Assert.True(Get<V1Lease>("node1", "kube-node-lease").Spec.RenewTime > before);
    }

    [Fact]
    public void A_pod_runs_with_an_address_and_is_ready()
    {
        Create(Pod("web"));
        Run(10);
        var status = Get<V1Pod>("web").Status;
        Assert.Equal("Running", status.Phase);
        Assert.StartsWith("10.200.1.", status.PodIP);
        var container = Assert.Single(status.ContainerStatuses);
        Assert.True(container.Ready);
        Assert.NotNull(container.State.Running);
        Assert.Equal(["Created", "Pulled", "Pulling", "Started"], Events("web"));
    }

    [Fact]
    public void Syncing_a_pod_reads_that_pod_and_never_lists_the_whole_node()
    {
        var atStart = Runtime.NodeListings;
        for (var i = 0; i < 20; i++)
        {
            Create(Pod($"web{i}", p => p.Spec.Containers[0].Resources = null));
        }
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("web19").Status.Phase);
        Do(async stop => await User.DeleteAsync<V1Pod>(new ObjectKey("default", "web0"), new(), stop));
        Run(200);

        Assert.Equal(atStart, Runtime.NodeListings);
        Assert.InRange(Runtime.PodReads, 20 * 4, 20 * 20); // Starting takes a few syncs; each pod is synced once a minute.
    }

    [Fact]
    public void A_container_that_keeps_failing_backs_off_longer_each_time()
    {
        Behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 3 };
        Create(Pod("web"));
        Run(20);
        var container = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses);
        Assert.Equal("CrashLoopBackOff", container.State.Waiting.Reason);
        Assert.Equal(3, container.LastState.Terminated.ExitCode);
        var soon = container.RestartCount;
        Run(300);
        var later = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses).RestartCount;
        Assert.InRange(later, soon + 2, soon + 5); // 10, 20, 40, 80, 160 seconds apart.
    }

    [Theory]
    [InlineData("Never", 0, "Succeeded")]
    [InlineData("Never", 1, "Failed")]
    [InlineData("OnFailure", 0, "Succeeded")]
    public void A_pod_that_is_not_to_run_again_ends_with_its_containers(string policy, int exitCode, string phase)
    {
        Behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = exitCode };
        Create(Pod("job", p => p.Spec.RestartPolicy = policy));
        Run(20);
        var status = Get<V1Pod>("job").Status;
        Assert.Equal(phase, status.Phase);
        Assert.Equal(exitCode, Assert.Single(status.ContainerStatuses).State.Terminated.ExitCode);
        Assert.Equal("False", Assert.Single(status.Conditions, c => c.Type == "Ready").Status);
    }

    [Fact]
    public void Init_containers_run_one_after_the_other_before_the_rest()
    {
        Behaviours["one"] = Behaviours["two"] = new() { EndsAfter = TimeSpan.FromSeconds(20) };
        Create(Pod("web", p => p.Spec.InitContainers = [new() { Name = "one", Image = "i" }, new() { Name = "two", Image = "i" }]));
        Run(15);
        var early = Get<V1Pod>("web").Status;
        Assert.Equal("Pending", early.Phase);
        Assert.NotNull(early.InitContainerStatuses[0].State.Running);
        Assert.NotNull(early.InitContainerStatuses[1].State.Waiting);
        Assert.Equal("PodInitializing", early.ContainerStatuses[0].State.Waiting.Reason);
        Run(50);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
    }

    [Fact]
    public void A_container_waits_for_its_config_map_and_starts_when_it_is_there()
    {
        Create(Pod("web", p => p.Spec.Containers[0].EnvFrom = [new() { ConfigMapRef = new() { Name = "settings" } }]));
        Run(10);
        var waiting = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses).State.Waiting;
        Assert.Equal("CreateContainerConfigError", waiting.Reason);
        Assert.Contains("settings", waiting.Message);
        Create(
            new V1ConfigMap
            {
                Metadata = new() { Name = "settings", NamespaceProperty = "default" },
                Data = new Dictionary<string, string> { ["A"] = "b" },
            }
        );
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
    }

    [Fact]
    public void A_deleted_pod_ends_within_its_grace_and_is_gone()
    {
        Behaviours["main"] = new() { IgnoresTermination = true };
        Create(Pod("web", p => p.Spec.TerminationGracePeriodSeconds = 10));
        Run(10);
        Do(async stop => await User.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new(), stop));
        Run(8);
        Assert.NotNull(Get<V1Pod>("web").Metadata.DeletionTimestamp);
        Run(5);
        Do(async stop => Assert.Null(await User.FindAsync<V1Pod>(new ObjectKey("default", "web"), stop)));
        Do(async stop => Assert.Empty(await Runtime.ListSandboxesAsync(stop)));
    }

    [Fact]
    public void AnAgent_that_died_goes_on_with_the_pods_that_run()
    {
        Create(Pod("web"));
        Run(10);
        var before = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses);
        Agent.Kill();
        Run(5);
        Agent = StartAgent();
        Run(10);
        var after = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses);
        Assert.Equal((before.ContainerID, 0), (after.ContainerID, after.RestartCount));
    }

    [Fact]
    public void A_pod_that_was_deleted_while_noAgent_looked_is_removed()
    {
        Create(Pod("web"));
        Run(10);
        Agent.Kill();
        Do(async stop => await User.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new() { GracePeriodSeconds = 0 }, stop));
        Agent = StartAgent();
        Run(10);
        Do(async stop => Assert.Empty(await Runtime.ListSandboxesAsync(stop)));
    }

    [Fact]
    public void A_pod_that_the_node_has_no_room_for_fails()
    {
        Create(
            Pod("big", p =>
                p.Spec.Containers[0].Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("3") } }
            )
        );
        Run(10);
        var status = Get<V1Pod>("big").Status;
        Assert.Equal(("Failed", "OutOfcpu"), (status.Phase, status.Reason));
        Assert.Equal("Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000", status.Message);
    }

    [Fact]
    public void A_container_whose_liveness_fails_is_restarted()
    {
        Behaviours["main"] = new() { Exec = _ => new SimulatedCommand(ExitCode: 1) };
        Create(Pod("web", p => p.Spec.Containers[0].LivenessProbe = new()
                {
                    Exec = new() { Command = ["check"] },
                    PeriodSeconds = 2,
                    FailureThreshold = 2,
                }));
        Run(20);
        Assert.True(Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses).RestartCount > 0);
        Assert.Contains("Unhealthy", Events("web"));
        Assert.Contains("Killing", Events("web"));
    }

    [Fact]
    public void Readiness_follows_its_probe_and_restarts_nothing()
    {
        var healthy = false;
        Behaviours["main"] = new() { Exec = _ => new SimulatedCommand(healthy ? 0 : 1) };
        Create(Pod("web", p => p.Spec.Containers[0].ReadinessProbe = new()
                {
                    Exec = new() { Command = ["check"] },
                    PeriodSeconds = 1,
                    FailureThreshold = 1,
                }));
        Run(10);
        Assert.Equal("False", Assert.Single(Get<V1Pod>("web").Status.Conditions, c => c.Type == "Ready").Status);
        healthy = true;
        Run(3);
        Assert.Equal("True", Assert.Single(Get<V1Pod>("web").Status.Conditions, c => c.Type == "Ready").Status);
        healthy = false;
        Run(3);
        var container = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses);
        Assert.Equal((false, 0), (container.Ready, container.RestartCount));
    }
}
