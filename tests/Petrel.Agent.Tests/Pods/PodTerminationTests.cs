using k8s.Models;
using Petrel.Agent.Runtimes.Simulated;

namespace Petrel.Agent.Tests.Pods;

/// <summary>How the containers of a pod are stopped: once each, in upstream's order, within one grace period.</summary>
public sealed class PodTerminationTests : AgentTestBed
{
    [Fact]
    public void A_pod_with_a_sidecar_is_gone_within_its_grace_and_its_hooks_run_once()
    {
        Create(WithSidecars("web", 3, "proxy"));
        Run(15);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
        Delete("web");
        Run(10);
        Assert.False(Exists("web"));
        Assert.Equal(["main", "proxy"], Stopped());
        Assert.Equal([("main", "bye main"), ("proxy", "bye proxy")], Runtime.Commands.Order());
    }

    [Fact]
    public void Sidecars_end_after_the_main_containers_in_reverse_order_and_share_the_grace()
    {
        Behaviours["main"] = Behaviours["first"] = Behaviours["second"] = new() { TerminationTime = TimeSpan.FromSeconds(4) };
        Create(WithSidecars("web", 30, "first", "second"));
        Run(10);
        Delete("web");
        Run(20);
        Assert.False(Exists("web"));
        Assert.Equal(["main", "second", "first"], Stopped());
        // Each of them waits four seconds for the one before it.
        Assert.Equal([30, 26, 22], Runtime.Stops.Select(s => (int)Math.Round(s.Grace.TotalSeconds)));
    }

    [Fact]
    public void Containers_that_ignore_termination_are_killed_when_the_shared_grace_is_over()
    {
        var stubborn = new ContainerBehaviour { IgnoresTermination = true };
        Behaviours["main"] = Behaviours["first"] = Behaviours["second"] = stubborn;
        Create(WithSidecars("web", 6, "first", "second"));
        Run(10);
        Delete("web");
        Run(5);
        Assert.True(Exists("web"));
        Run(6); // The grace of six seconds, then two for the sidecars, whose turn came with its end.
        Assert.False(Exists("web"));
        Assert.Equal([6, 2, 2], Runtime.Stops.Select(s => (int)Math.Round(s.Grace.TotalSeconds)));
    }

    [Fact]
    public void Nothing_that_wakes_the_worker_stops_a_container_again()
    {
        Behaviours["main"] = new()
        {
            IgnoresTermination = true,
            Exec = command => new(Duration: TimeSpan.FromSeconds(command[0] == "bye" ? 5 : 0)),
        };
        Create(WithSidecars("web", 20, "proxy"));
        Run(10);
        Delete("web");
        for (var i = 0; i < 30; i++)
        {
            Relabel("web", $"{i}");
            Run(0.5);
        }
        Assert.Equal(1, Runtime.Commands.Count(c => c == ("main", "bye main")));
        Assert.Equal(1, Runtime.Commands.Count(c => c == ("proxy", "bye proxy")));
        Assert.Equal(["main"], Stopped());
        Run(10);
        Assert.False(Exists("web"));
        Assert.Equal(["main", "proxy"], Stopped());
    }

    [Fact]
    public void A_second_deletion_shortens_the_grace_and_runs_no_hook_again()
    {
        Behaviours["main"] = new() { IgnoresTermination = true };
        Create(WithSidecars("web", 600));
        Run(10);
        Delete("web");
        Run(20);
        Delete("web", grace: 5);
        Run(8);
        Assert.False(Exists("web"));
        Assert.Single(Runtime.Commands);
    }

    [Fact]
    public void A_hook_that_hangs_leaves_the_container_two_seconds()
    {
        Behaviours["main"] = new() { IgnoresTermination = true, Exec = _ => new(Duration: TimeSpan.FromHours(1)) };
        Create(WithSidecars("web", 10));
        Run(10);
        Delete("web");
        Run(14);
        Assert.False(Exists("web"));
        Assert.Equal([("main", TimeSpan.FromSeconds(2))], Runtime.Stops);
    }

    [Fact]
    public void A_failed_hook_is_an_event_and_the_container_ends()
    {
        Behaviours["main"] = new() { Exec = _ => new(ExitCode: 1) };
        Create(WithSidecars("web", 10));
        Run(10);
        Delete("web");
        Run(5);
        Assert.False(Exists("web"));
        Assert.Contains("FailedPreStopHook: PreStopHook failed", EventTexts("web"));
    }

    [Fact]
    public void Hooks_by_http_and_sleep_run_too()
    {
        var pod = Pod("web", p =>
        {
            p.Spec.TerminationGracePeriodSeconds = 30;
            p.Spec.Containers[0].Ports = [new() { Name = "admin", ContainerPort = 9000 }];
            p.Spec.Containers[0].Lifecycle = new()
            {
                PreStop = new()
                {
                    HttpGet = new()
                    {
                        Path = "bye",
                        Port = "admin",
                        HttpHeaders = [new() { Name = "X", Value = "y" }],
                    },
                },
            };
            p.Spec.Containers.Add(
                new()
                {
                    Name = "slow",
                    Image = "web:1",
                    Lifecycle = new() { PreStop = new() { Sleep = new() { Seconds = 7 } } },
                }
            );
        });
        Create(pod);
        Run(10);
        var address = Get<V1Pod>("web").Status.PodIP;
        Delete("web");
        Run(6);
        Assert.True(Exists("web"));
        Assert.Equal([$"http http://{address}:9000/bye X=y"], Prober.Asked);
        Assert.Equal(["main"], Stopped());
        Run(3);
        Assert.False(Exists("web"));
    }

    [Fact]
    public void A_probe_that_kills_a_container_runs_its_hook_and_a_deletion_meanwhile_runs_it_no_second_time()
    {
        Behaviours["main"] = new() { IgnoresTermination = true, Exec = command => command[0] == "check" ? new(ExitCode: 1) : new() };
        var pod = WithSidecars("web", 60);
        pod.Spec.Containers[0].LivenessProbe = new()
        {
            Exec = new() { Command = ["check"] },
            PeriodSeconds = 1,
            FailureThreshold = 1,
            InitialDelaySeconds = 8,
        };
        Create(pod);
        Run(20);
        Assert.Equal(["main"], Stopped());
        Delete("web", grace: 3);
        Run(6);
        Assert.False(Exists("web"));
        Assert.Equal(1, Runtime.Commands.Count(c => c.Command == "bye main"));
        Assert.Single(EventTexts("web"), t => t.StartsWith("Killing", StringComparison.Ordinal));
    }

    [Fact]
    public void A_postStart_hook_holds_back_the_next_container_and_its_failure_restarts_the_container()
    {
        var fails = false;
        Behaviours["main"] = new() { Exec = _ => new(fails ? 1 : 0, TimeSpan.FromSeconds(20)) };
        var pod = Pod("web", p =>
        {
            p.Spec.Containers[0].Lifecycle = new() { PostStart = new() { Exec = new() { Command = ["hello"] } } };
            p.Spec.Containers.Add(new() { Name = "second", Image = "web:1" });
        });
        Create(pod);
        Run(8);
        var status = Get<V1Pod>("web").Status.ContainerStatuses;
        Assert.NotNull(status[0].State.Running);
        Assert.Equal("ContainerCreating", status[1].State.Waiting.Reason);
        Run(20);
        Assert.NotNull(Get<V1Pod>("web").Status.ContainerStatuses[1].State.Running);
        Assert.Equal([("main", "hello")], Runtime.Commands);
        Delete("web");
        Run(5);

        fails = true;
        Create(pod);
        Run(30);
        Assert.True(Get<V1Pod>("web").Status.ContainerStatuses[0].RestartCount > 0);
        Assert.Contains("FailedPostStartHook: PostStartHook failed", EventTexts("web"));
        Delete("web");
        Run(5);
        Assert.False(Exists("web"));
    }

    [Fact]
    public void A_node_that_shuts_down_stops_its_pods_in_the_same_order_within_its_own_limit()
    {
        Behaviours["main"] = Behaviours["first"] = Behaviours["second"] = new() { TerminationTime = TimeSpan.FromSeconds(1) };
        Create(WithSidecars("web", 600, "first", "second"));
        Run(15);
        ShutDown();
        Assert.Equal(["main", "second", "first"], Stopped());
        Assert.Equal([10, 9, 8], Runtime.Stops.Select(s => (int)Math.Round(s.Grace.TotalSeconds)));
        Assert.Equal(3, Runtime.Commands.Count);
        Assert.True(Exists("web"));
    }

    [Fact]
    public void A_grace_of_any_length_is_taken()
    {
        Create(WithSidecars("web", long.MaxValue));
        Run(10);
        Delete("web");
        Run(5);
        Assert.False(Exists("web"));
    }

    private List<string> Stopped() => [.. Runtime.Stops.Select(s => s.Container)];

    private void Relabel(string name, string value) =>
        Do(async stop =>
        {
            if (await User.FindAsync<V1Pod>(new("default", name), stop) is { } pod)
            {
                pod.Metadata.Labels = new Dictionary<string, string> { ["n"] = value };
                await User.UpdateAsync(pod, stop);
            }
        });

    private static V1Pod WithSidecars(string name, long grace, params string[] sidecars) => Pod(name, p =>
        {
            p.Spec.TerminationGracePeriodSeconds = grace;
            p.Spec.Containers[0].Lifecycle = Bye("main");
            p.Spec.InitContainers =
            [
                .. sidecars.Select(s => new V1Container
                {
                    Name = s,
                    Image = "web:1",
                    RestartPolicy = "Always",
                    Lifecycle = Bye(s),
                }),
            ];
        });

    private static V1Lifecycle Bye(string name) => new() { PreStop = new() { Exec = new() { Command = ["bye", name] } } };
}
