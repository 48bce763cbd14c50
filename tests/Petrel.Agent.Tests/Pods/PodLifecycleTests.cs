using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Model;

namespace Petrel.Agent.Tests.Pods;

/// <summary>The lives of pods as upstream's conformance list tells them, in virtual time.</summary>
public sealed class PodLifecycleTests : AgentTestBed
{
    [Theory]
    [InlineData("exec")]
    [InlineData("http")]
    [InlineData("tcp")]
    [InlineData("grpc")]
    public void Liveness_leaves_a_healthy_container_alone_and_restarts_one_that_fails(string kind)
    {
        var healthy = true;
        Behaviours["main"] = new() { Exec = _ => new SimulatedCommand(healthy ? 0 : 1) };
        Prober.Answer = _ => healthy ? null : "it fails";
        Create(Pod("web", p => p.Spec.Containers[0].LivenessProbe = Probe(kind, period: 5)));
        Run(240);
        Assert.Equal((0, true), (Container("web").RestartCount, Container("web").Ready));
        var address = Get<V1Pod>("web").Status.PodIP;
        var expected = kind switch
        {
            "exec" => "cat /tmp/health",
            "http" => $"http http://{address}:8080/healthz",
            _ => $"{kind} {address}:8080",
        };
        var asked = kind == "exec" ? Runtime.Commands.Select(c => c.Command).ToList() : Prober.Asked;
        Assert.InRange(asked.Count, 40, 50);
        Assert.All(asked, a => Assert.Equal(expected, a));

        healthy = false;
        Run(15);
        Assert.True(Container("web").RestartCount > 0);
        Assert.Contains("Killing", Events("web"));
    }

    [Fact]
    public void The_count_of_restarts_only_grows()
    {
        Behaviours["main"] = new() { Exec = _ => new SimulatedCommand(1) };
        Create(Pod("web", p => p.Spec.Containers[0].LivenessProbe = Probe("exec", period: 5)));
        var last = 0;
        for (var i = 0; i < 400 && last < 5; i++)
        {
            Run(1);
            var now = Get<V1Pod>("web").Status.ContainerStatuses?[0].RestartCount ?? 0;
            Assert.InRange(now, last, last + 1);
            last = now;
        }
        Assert.Equal(5, last);
    }

    [Fact]
    public void A_container_is_not_ready_before_the_delay_of_its_probe_and_never_restarted()
    {
        Create(Pod("web", p =>
            {
                p.Spec.Containers[0].ReadinessProbe = Probe("exec", period: 5);
                p.Spec.Containers[0].ReadinessProbe.InitialDelaySeconds = 30;
            }));
        Run(28);
        Assert.Equal((false, 0), (Container("web").Ready, Container("web").RestartCount));
        Assert.Equal("False", Condition("web", "Ready").Status);
        Run(20);
        Assert.Equal((true, 0), (Container("web").Ready, Container("web").RestartCount));
        Assert.Equal("True", Condition("web", "Ready").Status);
    }

    [Fact]
    public void Init_containers_of_a_pod_that_runs_once_end_before_its_container()
    {
        Behaviours["one"] = Behaviours["two"] = Behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(3) };
        Create(WithInits("job", "Never"));
        Run(40);
        var status = Get<V1Pod>("job").Status;
        Assert.Equal("Succeeded", status.Phase);
        Assert.Equal("True", Condition("job", "Initialized").Status);
        Assert.All(status.InitContainerStatuses, c => Assert.Equal((true, 0), (c.Ready, c.State.Terminated.ExitCode)));
        var (one, two) = (status.InitContainerStatuses[0].State.Terminated, status.InitContainerStatuses[1].State.Terminated);
        Assert.True(one.FinishedAt <= two.StartedAt && two.FinishedAt <= status.ContainerStatuses[0].State.Terminated.StartedAt);
    }

    [Fact]
    public void An_init_container_that_fails_fails_a_pod_that_runs_once()
    {
        Behaviours["one"] = new() { EndsAfter = TimeSpan.FromSeconds(1) };
        Behaviours["two"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 };
        Create(WithInits("job", "Never"));
        Run(30);
        var status = Get<V1Pod>("job").Status;
        Assert.Equal("Failed", status.Phase);
        Assert.Equal([0, 1], status.InitContainerStatuses.Select(c => c.State.Terminated.ExitCode));
        Assert.Equal("PodInitializing", status.ContainerStatuses[0].State.Waiting.Reason);
        var initialized = Condition("job", "Initialized");
        Assert.Equal(("False", "ContainersNotInitialized"), (initialized.Status, initialized.Reason));
        Assert.Equal("containers with incomplete status: [two]", initialized.Message);
        Assert.Equal(["one", "two"], Specs.Keys.ToList());
    }

    [Fact]
    public void An_init_container_that_fails_is_started_again_and_nothing_else_is()
    {
        Behaviours["one"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 };
        Create(WithInits("web", "Always"));
        Run(60);
        var status = Get<V1Pod>("web").Status;
        Assert.Equal("Pending", status.Phase);
        Assert.True(status.InitContainerStatuses[0].RestartCount >= 3);
        Assert.Equal("PodInitializing", status.InitContainerStatuses[1].State.Waiting.Reason);
        Assert.Equal("PodInitializing", status.ContainerStatuses[0].State.Waiting.Reason);
        var initialized = Condition("web", "Initialized");
        Assert.Equal(("False", "ContainersNotInitialized"), (initialized.Status, initialized.Reason));
        Assert.Equal("containers with incomplete status: [one two]", initialized.Message);
        Assert.Equal(["one"], Specs.Keys.ToList());
    }

    [Fact]
    public void A_deadline_that_is_set_on_a_pod_that_runs_ends_it()
    {
        Create(Pod("web"));
        Run(20);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
        Patch("web", """{"spec":{"activeDeadlineSeconds":25}}""");
        Run(2);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
        Run(8);
        Assert.Equal(("Failed", "DeadlineExceeded"), (Get<V1Pod>("web").Status.Phase, Get<V1Pod>("web").Status.Reason));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("192.0.2.9")]
    public void A_postStart_hook_by_http_asks_the_pod_or_the_host_that_it_names(string? host)
    {
        Create(Pod("web", p =>
            {
                p.Spec.Containers[0].Ports = [new() { Name = "admin", ContainerPort = 9000 }];
                p.Spec.Containers[0].Lifecycle = new()
                {
                    PostStart = new()
                    {
                        HttpGet = new()
                        {
                            Host = host,
                            Path = "hello",
                            Port = "admin",
                        },
                    },
                };
            }));
        Run(10);
        Assert.True(Container("web").Ready);
        Assert.Equal([$"http http://{host ?? Get<V1Pod>("web").Status.PodIP}:9000/hello"], Prober.Asked);
    }

    [Fact]
    public void A_generation_starts_at_1_and_grows_with_each_change_of_the_spec()
    {
        Create(WithInits("web", "Always"));
        Run(8);
        Assert.Equal((1L, 1L), Generations("web"));
        foreach (
            var (change, generation) in ((string, long)[])
                [
                    ("{}", 1),
                    ("""{"spec":{"tolerations":[{"key":"a","operator":"Equal","value":"b","effect":"NoSchedule"}]}}""", 2),
                    ("""{"spec":{"activeDeadlineSeconds":5000}}""", 3),
                    ("""{"spec":{"containers":[{"name":"main","image":"web:2"}]}}""", 4),
                    ("""{"spec":{"initContainers":[{"name":"one","image":"web:2"}]}}""", 5),
                    ("""{"metadata":{"annotations":{"key":"value"}}}""", 5),
                    ("""{"metadata":{"generation":1}}""", 5),
                ]
        )
        {
            Patch("web", change);
            Run(3);
            Assert.Equal((generation, generation), Generations("web"));
        }
    }

    [Fact]
    public void A_new_pod_has_generation_1_whatever_it_says_and_a_deletion_with_grace_is_the_next()
    {
        Behaviours["main"] = new() { IgnoresTermination = true };
        Create(Pod("web", p => p.Metadata.Generation = 100));
        Assert.Equal(1, Get<V1Pod>("web").Metadata.Generation);
        Run(8);
        Delete("web", grace: 60);
        Assert.Equal(2, Get<V1Pod>("web").Metadata.Generation);
        Run(3);
        Assert.Equal((2L, 2L), Generations("web"));
    }

    [Fact]
    public void The_observed_generation_reaches_500()
    {
        Create(Pod("web"));
        Run(8);
        for (var i = 0; i < 499; i++)
        {
            Patch("web", $$$"""{"spec":{"activeDeadlineSeconds":{{{10_000 - i}}}}}""");
        }
        Run(5);
        Assert.Equal((500L, 500L), Generations("web"));
    }

    [Fact]
    public void A_pod_of_a_runtime_class_without_overhead_runs_without()
    {
        Create(
            new V1RuntimeClass
            {
                Metadata = new() { Name = "plain" },
                Handler = "plain",
            }
        );
        Create(Pod("web", p => p.Spec.RuntimeClassName = "plain"));
        Run(8);
        var pod = Get<V1Pod>("web");
        Assert.Equal(("Running", "plain"), (pod.Status.Phase, pod.Spec.RuntimeClassName));
        Assert.Null(pod.Spec.Overhead);
    }

    private V1ContainerStatus Container(string pod) => Assert.Single(Get<V1Pod>(pod).Status.ContainerStatuses);

    private V1PodCondition Condition(string pod, string type) => Assert.Single(Get<V1Pod>(pod).Status.Conditions, c => c.Type == type);

    private (long Own, long Observed) Generations(string name)
    {
        var pod = Get<V1Pod>(name);
        return (pod.Metadata.Generation ?? 0, pod.Status.ObservedGeneration ?? 0);
    }

    private void Patch(string pod, string patch) =>
        Do(async stop => await User.PatchStrategicallyAsync<V1Pod>(new ObjectKey("default", pod), JsonNode.Parse(patch)!.AsObject(), stop));

    private static V1Pod WithInits(string name, string policy) => Pod(name, p =>
        {
            p.Spec.RestartPolicy = policy;
            p.Spec.InitContainers = [new() { Name = "one", Image = "web:1" }, new() { Name = "two", Image = "web:1" }];
        });

    private static V1Probe Probe(string kind, int period) =>
        new()
        {
            Exec = kind == "exec" ? new() { Command = ["cat", "/tmp/health"] } : null,
            HttpGet = kind == "http" ? new() { Path = "/healthz", Port = 8080 } : null,
            TcpSocket = kind == "tcp" ? new() { Port = 8080 } : null,
            Grpc = kind == "grpc" ? new() { Port = 8080 } : null,
            PeriodSeconds = period,
            FailureThreshold = 1,
        };
}
