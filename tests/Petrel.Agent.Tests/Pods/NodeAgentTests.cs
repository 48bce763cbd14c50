using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Agent.Volumes;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.Agent.Tests.Pods;

/// <summary>The agent with the real API server, over simulated containers, in virtual time.</summary>
public sealed class NodeAgentTests : IAsyncDisposable
{
    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly SimulatedRuntime _runtime;
    private readonly CountingRuntime _counted;
    private readonly ApiClient _user;
    private readonly ApiServer.Composition.ApiServer _server;
    private readonly Dictionary<string, ContainerBehaviour> _behaviours = [];
    private SimulatedProcess _agent;

    public NodeAgentTests()
    {
        _process = _simulator.CreateProcess("server");
        _server = new(
            new ApiServerOptions(),
            _store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        _user = new(_server, new UserInfo("admin", [UserInfo.MastersGroup]));
        _simulator.Spawn(_process, "api", _server.RunAsync);
        Assert.True(_simulator.RunUntil(() => _server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        _runtime = new(
            _process.Time,
            _simulator.Entropy.Fork(),
            new() { Addresses = IPNetwork.Parse("10.200.1.0/24"), Behaviour = spec => _behaviours.GetValueOrDefault(spec.Name) ?? new() }
        );
        _counted = new(_runtime);
        _agent = StartAgent();
        Run(2);
    }

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
        var atStart = _counted.NodeListings;
        for (var i = 0; i < 20; i++)
        {
            Create(Pod($"web{i}", p => p.Spec.Containers[0].Resources = null));
        }
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("web19").Status.Phase);
        Do(async stop => await _user.DeleteAsync<V1Pod>(new ObjectKey("default", "web0"), new(), stop));
        Run(200);

        Assert.Equal(atStart, _counted.NodeListings);
        Assert.InRange(_counted.PodReads, 20 * 4, 20 * 20); // Starting takes a few syncs; each pod is synced once a minute.
    }

    [Fact]
    public void A_container_that_keeps_failing_backs_off_longer_each_time()
    {
        _behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 3 };
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
        _behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = exitCode };
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
        _behaviours["one"] = _behaviours["two"] = new() { EndsAfter = TimeSpan.FromSeconds(20) };
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
        _behaviours["main"] = new() { IgnoresTermination = true };
        Create(Pod("web", p => p.Spec.TerminationGracePeriodSeconds = 10));
        Run(10);
        Do(async stop => await _user.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new(), stop));
        Run(8);
        Assert.NotNull(Get<V1Pod>("web").Metadata.DeletionTimestamp);
        Run(5);
        Do(async stop => Assert.Null(await _user.FindAsync<V1Pod>(new ObjectKey("default", "web"), stop)));
        Do(async stop => Assert.Empty(await _runtime.ListSandboxesAsync(stop)));
    }

    [Fact]
    public void An_agent_that_died_goes_on_with_the_pods_that_run()
    {
        Create(Pod("web"));
        Run(10);
        var before = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses);
        _agent.Kill();
        Run(5);
        _agent = StartAgent();
        Run(10);
        var after = Assert.Single(Get<V1Pod>("web").Status.ContainerStatuses);
        Assert.Equal((before.ContainerID, 0), (after.ContainerID, after.RestartCount));
    }

    [Fact]
    public void A_pod_that_was_deleted_while_no_agent_looked_is_removed()
    {
        Create(Pod("web"));
        Run(10);
        _agent.Kill();
        Do(async stop => await _user.DeleteAsync<V1Pod>(new ObjectKey("default", "web"), new() { GracePeriodSeconds = 0 }, stop));
        _agent = StartAgent();
        Run(10);
        Do(async stop => Assert.Empty(await _runtime.ListSandboxesAsync(stop)));
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
        _behaviours["main"] = new() { Exec = _ => new SimulatedCommand(ExitCode: 1) };
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
        _behaviours["main"] = new() { Exec = _ => new SimulatedCommand(healthy ? 0 : 1) };
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

    public ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        return _store.DisposeAsync();
    }

    private SimulatedProcess StartAgent()
    {
        var process = _simulator.CreateProcess("agent");
        var agent = new NodeAgent(
            new()
            {
                NodeName = "node1",
                NodeAddress = "10.200.255.1",
                PodCidr = "10.200.1.0/24",
            },
            new(_server, UserInfo.Node("node1")),
            _counted,
            new SimulatedPodFiles(),
            new SimulatedPersistentVolumes(),
            new SimulatedProber(),
            process.Time,
            _simulator.Entropy.Fork(),
            NullLoggerFactory.Instance
        );
        _simulator.Spawn(process, "agent", agent.RunAsync);
        return process;
    }

    private static V1Pod Pod(string name, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new()
            {
                NodeName = "node1",
                TerminationGracePeriodSeconds = 1,
                Containers = [new() { Name = "main", Image = "web:1" }],
            },
        };
        change?.Invoke(pod);
        return pod;
    }

    private void Create<T>(T value)
        where T : k8s.IKubernetesObject<V1ObjectMeta> => Do(async stop => await _user.CreateAsync(value, stop));

    private T Get<T>(string name, string ns = "default")
        where T : k8s.IKubernetesObject<V1ObjectMeta>
    {
        T result = default!;
        Do(async stop => result = await _user.GetAsync<T>(new ObjectKey(ns, name), stop));
        return result;
    }

    private List<string> Events(string pod)
    {
        List<string> reasons = [];
        Do(async stop =>
            reasons = [
                .. (await _user.ListAsync<Corev1Event>("default", stop))
                    .Items.Where(e => e.InvolvedObject.Name == pod)
                    .Select(e => e.Reason)
                    .Distinct()
                    .Order(StringComparer.Ordinal),
            ]
        );
        return reasons;
    }

    private void Do(Func<CancellationToken, Task> work)
    {
        var component = _simulator.Spawn(_process, "user", work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    private void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no agents here");
    }
}
