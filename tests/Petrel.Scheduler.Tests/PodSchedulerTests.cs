using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;
using Petrel.Simulation.Execution;

namespace Petrel.Scheduler.Tests;

/// <summary>The whole scheduler against an API in memory, in virtual time.</summary>
public sealed class PodSchedulerTests : IDisposable
{
    private readonly Simulator _simulator = new(1);
    private readonly FakeApi _api;
    private SimulatedProcess _process;
    private SimulatedComponent _scheduler;

    public PodSchedulerTests()
    {
        _api = new(_simulator.Clock);
        _api.Put(
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new() { Name = "default" },
            }
        );
        (_process, _scheduler) = Start(_simulator, _api);
    }

    [Fact]
    public void A_pod_is_bound_and_an_event_says_so()
    {
        _api.Put(Make.Node("node1"));
        _api.Put(Make.Pod("web", "1"));
        Run(1);

        Assert.Equal("node1", _api.Pod("web").Spec.NodeName);
        var scheduled = Assert.Single(_api.Events);
        Assert.Equal(
            ("Normal", "Scheduled", "Successfully assigned default/web to node1"),
            (scheduled.Type, scheduled.Reason, scheduled.Message)
        );
        Assert.Equal("default-scheduler", scheduled.Source.Component);
        Assert.Equal("uid-default-web", scheduled.InvolvedObject.Uid);
    }

    [Fact]
    public void A_pod_that_fits_nowhere_says_why_and_gets_its_place_when_one_is_free()
    {
        _api.Put(Make.Node("node1", cpu: "1"));
        _api.Put(Make.Node("node2", unschedulable: true));
        _api.Put(Make.Pod("first", "1"));
        Run(1);
        _api.Put(Make.Pod("second", "1"));
        Run(1);

        const string message =
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 1 "
            + "No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.";
        var condition = Assert.Single(_api.Pod("second").Status.Conditions);
        Assert.Equal(
            ("PodScheduled", "False", "Unschedulable", message),
            (condition.Type, condition.Status, condition.Reason, condition.Message)
        );
        Assert.NotNull(condition.LastTransitionTime);
        var failed = Assert.Single(_api.Events, e => e.Type == "Warning");
        Assert.Equal(("FailedScheduling", message), (failed.Reason, failed.Message));

        _api.Delete("pods", "default", "first");
        Run(2);
        Assert.Equal("node1", _api.Pod("second").Spec.NodeName);
    }

    [Fact]
    public void Every_event_that_may_help_wakes_an_unschedulable_pod()
    {
        Action[] helps =
        [
            () => _api.Put(Make.Node("new")),
            () => _api.Put(Make.Node("small")),
            () => _api.Put(Make.Node("cordoned")),
            () => _api.Put(Make.Node("tainted")),
        ];
        foreach (var (help, i) in helps.Select((h, i) => (h, i)))
        {
            _api.Put(Make.Node("small", cpu: "1"));
            _api.Put(Make.Node("cordoned", unschedulable: true));
            _api.Put(Make.Node("tainted", taints: [Make.Taint("x")]));
            _api.Delete("nodes", "", "new");
            Run(1);
            _api.Put(Make.Pod($"p{i}", "4"));
            Run(20);
            Assert.Null(_api.Pod($"p{i}").Spec.NodeName);
            help();
            Run(1);
            Assert.NotNull(_api.Pod($"p{i}").Spec.NodeName);
            _api.Delete("pods", "default", $"p{i}");
            Run(1);
        }
    }

    [Fact]
    public void Heartbeats_of_nodes_wake_nobody()
    {
        _api.Put(Make.Node("node1", cpu: "1"));
        _api.Put(Make.Pod("big", "2"));
        Run(1);
        for (var i = 0; i < 20; i++)
        {
            var node = Make.Node("node1", cpu: "1");
            node.Status.Conditions =
            [
                new()
                {
                    Type = "Ready",
                    Status = "True",
                    LastHeartbeatTime = _simulator.Clock.GetUtcNow().UtcDateTime,
                },
            ];
            _api.Put(node);
            Run(10);
        }
        Assert.Equal(1, Assert.Single(_api.Events).Count);
        Run(120);
        // The flush after five minutes tries again; the same failure raises the count.
        Assert.Equal(2, Assert.Single(_api.Events).Count);
    }

    [Fact]
    public void Other_schedulers_pods_gated_and_terminating_ones_are_left_alone()
    {
        _api.Put(Make.Node("node1"));
        _api.Put(Make.Pod("other", with: s => s.SchedulerName = "mine"));
        _api.Put(Make.Pod("gated", with: s => s.SchedulingGates = [new() { Name = "wait" }]));
        var leaving = Make.Pod("leaving");
        leaving.Metadata.DeletionTimestamp = _simulator.Clock.GetUtcNow().UtcDateTime;
        _api.Put(leaving);
        Run(5);
        Assert.Empty(_api.Bound);
        var condition = Assert.Single(_api.Pod("gated").Status.Conditions);
        Assert.Equal(("PodScheduled", "False", "SchedulingGated"), (condition.Type, condition.Status, condition.Reason));

        _api.Put(Make.Pod("gated"));
        Run(1);
        Assert.Equal("node1", _api.Pod("gated").Spec.NodeName);
    }

    [Fact]
    public void More_important_pods_go_first()
    {
        _api.Put(Make.Pod("low", "1"));
        _api.Put(Make.Pod("high", "1", with: s => s.Priority = 100));
        Run(1);
        _api.Put(Make.Node("node1", cpu: "1"));
        Run(5);
        Assert.Equal("node1", _api.Pod("high").Spec.NodeName);
        Assert.Null(_api.Pod("low").Spec.NodeName);
    }

    [Fact]
    public void Ended_pods_free_their_place()
    {
        _api.Put(Make.Node("node1", cpu: "1"));
        var job = Make.Pod("job", "1", node: "node1");
        _api.Put(job);
        _api.Put(Make.Pod("next", "1"));
        Run(1);
        Assert.Null(_api.Pod("next").Spec.NodeName);
        job.Status = new() { Phase = "Succeeded" };
        _api.Put(job);
        Run(1);
        Assert.Equal("node1", _api.Pod("next").Spec.NodeName);
    }

    [Theory]
    [InlineData("LoseRequest")]
    [InlineData("LoseAnswer")]
    [InlineData("Late")]
    [InlineData("TimeOut")]
    public void A_lost_binding_never_places_a_pod_twice(string name)
    {
        var fault = Enum.Parse<Fault>(name);
        var faulty = 3;
        _api.Faults = request => request.Path.EndsWith("/binding", StringComparison.Ordinal) && faulty-- > 0 ? fault : Fault.None;
        _api.Put(Make.Node("node1", cpu: "1"));
        _api.Put(Make.Node("node2", cpu: "1"));
        _api.Put(Make.Pod("a", "1"));
        _api.Put(Make.Pod("b", "1"));
        Run(60);

        Assert.Equal(2, _api.Bound.Count);
        Assert.Equal(2, _api.Bound.Select(b => b.Uid).Distinct().Count());
        Assert.Equal(2, _api.Bound.Select(b => b.Node).Distinct().Count());
        Assert.All(_api.Pods, pod => Assert.NotNull(pod.Spec.NodeName));
    }

    [Theory]
    [InlineData("/status")]
    [InlineData("/events")]
    [InlineData("/persistentvolumeclaims/data")]
    public void A_request_that_times_out_does_not_end_the_scheduler(string path)
    {
        var timeOuts = 0;
        _api.Faults = request =>
            request.Method != "GET" && request.Path.EndsWith(path, StringComparison.Ordinal) && timeOuts++ < 2 ? Fault.TimeOut : Fault.None;
        _api.Put(Make.Node("node1", cpu: "1"));
        _api.Put(Make.Pod("large", "2"));
        _api.Put(VolumeTests.Class("local"));
        _api.Put(VolumeTests.Claim("data", "local"));
        _api.Put(Make.Pod("stateful", with: s => s.Volumes = [VolumeTests.Uses("data")]));
        Run(30);
        _api.Put(Make.Pod("small", "100m"));
        Run(30);

        Assert.True(timeOuts > 0, "nothing was sent there");
        Assert.Equal("node1", _api.Pod("small").Spec.NodeName);
    }

    [Fact]
    public void Whatever_requests_are_lost_all_pods_are_placed_once_within_what_nodes_have()
    {
        for (var seed = 1UL; seed <= 25; seed++)
        {
            using var simulator = new Simulator(seed);
            var api = new FakeApi(simulator.Clock);
            var dice = simulator.Entropy.Fork();
            // For the first minute one of three requests fails in some way, except for watches and lists.
            api.Faults = request =>
                request.Method == "GET" && !request.Path.Contains("/pods/", StringComparison.Ordinal)
                || simulator.Clock.Elapsed > TimeSpan.FromMinutes(1)
                    ? Fault.None
                : (Fault)(dice.NextUInt64() % 12) is var fault && Enum.IsDefined(fault) ? fault
                : Fault.None;
            api.Put(
                new V1Namespace
                {
                    ApiVersion = "v1",
                    Kind = "Namespace",
                    Metadata = new() { Name = "default" },
                }
            );
            var (process, _) = Start(simulator, api);
            for (var i = 0; i < 4; i++)
            {
                api.Put(Make.Node($"node{i}", cpu: "4"));
            }
            for (var i = 0; i < 16; i++)
            {
                api.Put(Make.Pod($"p{i}", "1", owner: "rs"));
                if (i % 5 == 4)
                {
                    simulator.Run(TimeSpan.FromMilliseconds(dice.NextUInt64() % 3000));
                    process.Kill();
                    (process, _) = Start(simulator, api);
                }
            }
            simulator.Run(TimeSpan.FromMinutes(3));

            Assert.Empty(simulator.Findings);
            Assert.Equal(16, api.Bound.Select(b => b.Uid).Distinct().Count());
            Assert.Equal(16, api.Bound.Count);
            Assert.All(api.Bound.CountBy(b => b.Node), count => Assert.Equal(4, count.Value));
        }
    }

    [Fact]
    public void A_restarted_scheduler_goes_on_from_what_the_api_has()
    {
        _api.Put(Make.Node("node1", cpu: "2"));
        _api.Put(Make.Pod("placed", "1", node: "node1"));
        _api.Put(Make.Pod("pending", "1"));
        // The binding takes effect, but the scheduler stops before its answer arrives.
        _api.Faults = request => request.Path.EndsWith("/binding", StringComparison.Ordinal) ? Fault.LoseAnswer : Fault.None;
        _simulator.RunUntil(() => _api.Bound.Count == 1, TimeSpan.FromSeconds(5));
        _process.Kill();
        _api.Faults = _ => Fault.None;
        _api.Put(Make.Pod("third", "1"));
        (_process, _scheduler) = Start(_simulator, _api);
        Run(5);

        Assert.Single(_api.Bound);
        Assert.Null(_api.Pod("third").Spec.NodeName);
        Assert.StartsWith(
            "0/1 nodes are available: 1 Insufficient cpu.",
            Assert.Single(_api.Pod("third").Status.Conditions).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_pod_recreated_under_its_name_is_another_pod()
    {
        _api.Put(Make.Pod("p", "1"));
        Run(1);
        _api.Delete("pods", "default", "p");
        var second = Make.Pod("p", "1");
        second.Metadata.Uid = "second";
        _api.Put(second);
        _api.Put(Make.Node("node1"));
        Run(5);
        Assert.Equal(("second", "node1"), Assert.Single(_api.Bound));
    }

    [Fact]
    public void A_pod_picks_the_profile_that_its_scheduler_name_says()
    {
        using var simulator = new Simulator(1);
        var api = new FakeApi(simulator.Clock);
        Start(
            simulator,
            api,
            new()
            {
                Profiles =
                [
                    new(),
                    new()
                    {
                        SchedulerName = "packing",
                        NodeResourcesFit = new() { Strategy = ScoringStrategy.MostAllocated },
                    },
                ],
            }
        );
        api.Put(Make.Node("busy"));
        api.Put(Make.Node("idle"));
        api.Put(Make.Pod("there", "2", "4Gi", node: "busy"));
        api.Put(Make.Pod("spreads", "100m", "100Mi"));
        api.Put(Make.Pod("packs", "100m", "100Mi", with: s => s.SchedulerName = "packing"));
        api.Put(Make.Pod("waits", with: s => s.SchedulerName = "nobody"));
        simulator.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(
            ("idle", "busy", null),
            (api.Pod("spreads").Spec.NodeName, api.Pod("packs").Spec.NodeName, api.Pod("waits").Spec.NodeName)
        );
    }

    [Fact]
    public void A_pod_waits_for_its_claim_and_its_claim_for_the_pods_node()
    {
        _api.Put(Make.Node("n1"));
        _api.Put(Make.Node("n2", labels: Make.Labels("disks=yes")));
        _api.Put(VolumeTests.Class("local", topology: "disks"));
        _api.Put(Make.Pod("p", with: s => s.Volumes = [VolumeTests.Uses("data")]));
        Run(3);
        Assert.StartsWith(
            "0/2 nodes are available: persistentvolumeclaim \"data\" not found.",
            Assert.Single(_api.Pod("p").Status.Conditions).Message,
            StringComparison.Ordinal
        );

        var claim = VolumeTests.Claim("data", "local");
        _api.Put(claim);
        Run(5);
        Assert.Equal(
            "n2",
            _api.Get<V1PersistentVolumeClaim>("persistentvolumeclaims", "data").Metadata.Annotations["volume.kubernetes.io/selected-node"]
        );
        Assert.Empty(_api.Bound);

        claim.Metadata.Annotations = new Dictionary<string, string>
        {
            ["volume.kubernetes.io/selected-node"] = "n2",
            ["pv.kubernetes.io/bind-completed"] = "yes",
        };
        claim.Spec.VolumeName = "v";
        _api.Put(VolumeTests.Volume("v", "local", claimed: true));
        _api.Put(claim);
        Run(3);
        Assert.Equal("n2", _api.Pod("p").Spec.NodeName);
    }

    [Fact]
    public void A_pod_that_waits_for_a_permit_keeps_its_place_until_it_is_allowed_or_too_late()
    {
        using var simulator = new Simulator(1);
        var api = new FakeApi(simulator.Clock);
        var permits = new PairsOnly();
        Start(simulator, api, registry: [.. PluginRegistry.BuiltIn, new("PairsOnly", context => permits.With(context))]);
        api.Put(Make.Node("n1", cpu: "2"));
        api.Put(Make.Pod("a", "1"));
        simulator.Run(TimeSpan.FromSeconds(5));
        Assert.Empty(api.Bound);
        api.Put(Make.Pod("b", "1"));
        simulator.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(2, api.Bound.Count);

        api.Delete("pods", "default", "a");
        api.Put(Make.Pod("c", "1"));
        simulator.Run(TimeSpan.FromSeconds(31));
        Assert.Equal(2, api.Bound.Count);
        Assert.Equal("rejected due to timeout after waiting at plugin PairsOnly", Assert.Single(api.Pod("c").Status.Conditions).Message);
        // Its place is free again: one of the two has it now, and waits for a permit.
        api.Put(Make.Pod("d", "1"));
        simulator.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(2, permits.Asked.Count(name => name is "c" or "d"));
        Assert.Empty(simulator.Findings);
    }

    /// <summary>Allows the binding of pods in pairs.</summary>
    private sealed class PairsOnly : IPermitPlugin
    {
        private IWaitingPods _waiting = null!;

        public string Name => "PairsOnly";

        public List<string> Asked { get; } = [];

        public PairsOnly With(PluginContext context)
        {
            _waiting = context.Waiting!;
            return this;
        }

        public Permit Permit(PodInfo pod, int node)
        {
            Asked.Add(pod.Key.Name);
            if (_waiting.Waiting is [var (first, _), ..])
            {
                _waiting.Allow(first.Uid, this);
                return Framework.Permit.Allow;
            }
            return Framework.Permit.Wait(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public void It_stops_when_asked()
    {
        _api.Put(Make.Node("node1"));
        _api.Put(Make.Pod("p", "1"));
        Run(1);
        _scheduler.Stop();
        Run(1);
        Assert.True(_scheduler.HasEnded);
        Assert.Empty(_simulator.Findings);
    }

    [Fact]
    public void The_same_seed_places_the_same_pods_on_the_same_nodes()
    {
        (string, string)[] Run(ulong seed)
        {
            using var simulator = new Simulator(seed);
            var api = new FakeApi(simulator.Clock);
            api.Put(
                new V1Namespace
                {
                    ApiVersion = "v1",
                    Kind = "Namespace",
                    Metadata = new() { Name = "default" },
                }
            );
            Start(simulator, api);
            for (var i = 0; i < 20; i++)
            {
                api.Put(Make.Node($"node{i}"));
                api.Put(Make.Pod($"p{i}", "100m"));
            }
            simulator.Run(TimeSpan.FromSeconds(10));
            return [.. api.Bound];
        }
        Assert.Equal(20, Run(5).Length);
        Assert.Equal(Run(5), Run(5));
        Assert.NotEqual(Run(5), Run(6));
    }

    public void Dispose() => _simulator.Dispose();

    private static (SimulatedProcess, SimulatedComponent) Start(
        Simulator simulator,
        FakeApi api,
        SchedulerSettings? settings = null,
        IReadOnlyList<PluginEntry>? registry = null
    )
    {
        var process = simulator.CreateProcess("server");
        var client = new ApiClient(api, UserInfo.ControlPlane("kube-scheduler"));
        var scheduler = new PodScheduler(
            client,
            process.Time,
            simulator.Entropy.Fork(),
            settings ?? new(),
            NullLoggerFactory.Instance,
            null,
            registry ?? PluginRegistry.BuiltIn
        );
        return (process, simulator.Spawn(process, "scheduler", scheduler.RunAsync));
    }

    private void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }
}
