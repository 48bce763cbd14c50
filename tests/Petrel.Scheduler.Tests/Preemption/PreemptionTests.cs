using k8s.Models;
using Petrel.Model.Determinism;

namespace Petrel.Scheduler.Tests.Preemption;

/// <summary>Preemption at the real API server, in virtual time.</summary>
public sealed class PreemptionTests : IAsyncDisposable
{
    private const string Fake = "example.com/fakecpu";

    private readonly TestWorld _world = new();

    [Fact]
    public void Victims_end_with_their_grace_and_the_pod_waits_for_their_place()
    {
        var high = _world.Class(100);
        _world.Create(Make.Node("n1", cpu: "2"));
        _world.Create(Make.Pod("a", "1"), Make.Pod("b", "1"));
        _world.Run(2);
        _world.Create(Make.Pod("high", "1", with: s => s.PriorityClassName = high));
        _world.Run(2);

        // Neither pod has a start time, so the name decides.
        var victim = _world.Pod("b");
        Assert.NotNull(victim.Metadata.DeletionTimestamp);
        Assert.Equal(30, victim.Metadata.DeletionGracePeriodSeconds);
        var target = Assert.Single(victim.Status.Conditions, c => c.Type == "DisruptionTarget");
        Assert.Equal(
            ("True", "PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"),
            (target.Status, target.Reason, target.Message)
        );
        Assert.Null(_world.Pod("a").Metadata.DeletionTimestamp);
        var pod = _world.Pod("high");
        Assert.Equal(("n1", null), (pod.Status.NominatedNodeName, pod.Spec.NodeName));
        var preempted = Assert.Single(_world.List<Corev1Event>(), e => e.Reason == "Preempted");
        Assert.Equal(
            ("Normal", "b", $"Preempted by pod {pod.Metadata.Uid} on node n1"),
            (preempted.Type, preempted.InvolvedObject.Name, preempted.Message)
        );

        // Until the victims are gone, there are no further victims, and no pod of lower priority takes the place.
        _world.Create(Make.Pod("c", "1"));
        _world.Create(Make.Node("n2", cpu: "100m"));
        _world.Run(20);
        Assert.Null(_world.Pod("a").Metadata.DeletionTimestamp);
        Assert.Equal("n1", _world.Pod("high").Status.NominatedNodeName);

        _world.EndTerminating();
        _world.Run(15);
        pod = _world.Pod("high");
        Assert.Equal(("n1", null), (pod.Spec.NodeName, pod.Status.NominatedNodeName));
        Assert.Null(_world.Pod("c").Spec.NodeName);
    }

    [Fact]
    public void Without_anybody_to_displace_the_condition_says_so_in_upstreams_words()
    {
        _world.Create(Make.Node("n1", cpu: "1"), Make.Node("n2", cpu: "2", taints: [Make.Taint("a")]));
        _world.Create(Make.Pod("a", "1"));
        _world.Run(2);
        _world.Create(Make.Pod("b", "1"));
        _world.Run(2);
        Assert.Equal(
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 nodes are available: "
                + "1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
            Assert.Single(_world.Pod("b").Status.Conditions).Message
        );
    }

    [Fact]
    public void A_pod_of_higher_priority_takes_the_place_that_another_waits_for()
    {
        var (mid, high) = (_world.Class(50), _world.Class(100));
        _world.Create(Make.Node("n1", cpu: "1"));
        _world.Create(Make.Pod("low", "1"));
        _world.Run(2);
        _world.Create(Make.Pod("mid", "1", with: s => s.PriorityClassName = mid));
        _world.Run(2);
        Assert.Equal("n1", _world.Pod("mid").Status.NominatedNodeName);
        _world.Create(Make.Pod("high", "1", with: s => s.PriorityClassName = high));
        _world.Run(3);
        Assert.Equal("n1", _world.Pod("high").Status.NominatedNodeName);
        Assert.Null(_world.Pod("mid").Status.NominatedNodeName);
        _world.EndTerminating();
        _world.Run(15);
        Assert.Equal(["high@n1", "mid@"], _world.Nodes());
    }

    [Fact]
    public void Pods_of_the_lowest_priorities_make_place_once_and_what_replaces_them_waits()
    {
        _world.Create(Make.Node("n1", extra: new Dictionary<string, string> { [Fake] = "1000" }));
        var classes = Enumerable.Range(0, 5).Select(value => value == 0 ? "" : _world.Class(value)).ToArray();
        V1Pod Pod(string name, string amount, int priority) =>
            Make.Pod(
                name,
                with: s =>
                {
                    s.PriorityClassName = classes[priority];
                    s.Containers[0].Resources.Requests[Fake] = new(amount);
                    s.Containers[0].Resources.Limits = new Dictionary<string, ResourceQuantity> { [Fake] = new(amount) };
                },
                owner: name[..3]
            );
        _world.Create(Pod("rs1-a", "200", 1), Pod("rs2-a", "300", 2), Pod("rs3-a", "450", 3));
        _world.Run(2);
        Assert.Equal(["rs1-a@n1", "rs2-a@n1", "rs3-a@n1"], _world.Nodes());

        _world.Create(Pod("rs4-a", "500", 4));
        _world.Run(2);
        Assert.Equal(["rs1-a", "rs2-a"], Terminating());
        // Their sets replace them.
        _world.Create(Pod("rs1-b", "200", 1), Pod("rs2-b", "300", 2));
        _world.Run(2);
        _world.EndTerminating();
        _world.Run(60);

        Assert.Equal(["rs1-b@", "rs2-b@", "rs3-a@n1", "rs4-a@n1"], _world.Nodes());
        Assert.Empty(Terminating());
        Assert.Equal(2, _world.List<Corev1Event>().Count(e => e.Reason == "Preempted"));

        IEnumerable<string> Terminating() =>
            _world.List<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is not null).Select(p => p.Metadata.Name);
    }

    [Fact]
    public void A_budget_decides_between_nodes()
    {
        var high = _world.Class(100);
        _world.Create(Make.Node("n1", cpu: "1"));
        _world.Create(Make.Pod("guarded", "1", labels: Make.Labels("app=web")));
        _world.Create(
            new V1PodDisruptionBudget
            {
                ApiVersion = "policy/v1",
                Kind = "PodDisruptionBudget",
                Metadata = new() { Name = "web", NamespaceProperty = "default" },
                Spec = new() { MinAvailable = 1, Selector = Make.Select("app", "web") },
            }
        );
        _world.Run(2);
        _world.Create(Make.Node("n2", cpu: "1"));
        _world.Create(Make.Pod("free", "1"));
        _world.Run(2);
        _world.Create(Make.Pod("high", "1", with: s => s.PriorityClassName = high));
        _world.Run(3);
        Assert.Equal("n2", _world.Pod("high").Status.NominatedNodeName);
        Assert.Null(_world.Pod("guarded").Metadata.DeletionTimestamp);
    }

    [Fact]
    public void A_scheduler_that_starts_anew_goes_on_waiting_for_the_victims_of_the_one_before()
    {
        var high = _world.Class(100);
        _world.Create(Make.Node("n1", cpu: "1"), Make.Node("n2", cpu: "1"));
        _world.Create(Make.Pod("a", "1"), Make.Pod("b", "1"));
        _world.Run(2);
        _world.Create(Make.Pod("high", "1", with: s => s.PriorityClassName = high));
        _world.RunUntil(() => _world.Seen.Any(s => s.StartsWith("DELETE", StringComparison.Ordinal)));
        _world.RestartScheduler();
        _world.Run(20);
        Assert.Single(_world.List<V1Pod>(), p => p.Metadata.DeletionTimestamp is not null);
        _world.EndTerminating();
        _world.Run(15);
        Assert.NotNull(_world.Pod("high").Spec.NodeName);
        Assert.Equal(2, _world.List<V1Pod>().Count);
    }

    [Fact]
    public void When_the_pod_that_victims_were_made_for_is_gone_its_place_is_free()
    {
        var high = _world.Class(100);
        _world.Create(Make.Node("n1", cpu: "1"));
        _world.Create(Make.Pod("low", "1"));
        _world.Run(2);
        _world.Create(Make.Pod("high", "1", with: s => s.PriorityClassName = high));
        _world.Run(2);
        _world.Create(Make.Pod("next", "1"));
        _world.EndTerminating();
        _world.End("high");
        _world.Run(15);
        Assert.Equal(["next@n1"], _world.Nodes());
    }

    [Fact]
    public async Task Whatever_requests_are_lost_and_whoever_dies_a_pod_has_one_victim()
    {
        for (var seed = 1UL; seed <= 12; seed++)
        {
            await using var world = new TestWorld(seed);
            var high = world.Class(100);
            world.Create(Enumerable.Range(0, 4).Select(i => Make.Node($"n{i}", cpu: "1")));
            world.Create(Enumerable.Range(0, 4).Select(i => Make.Pod($"low{i}", "1")));
            world.Run(3);
            var dice = world.Simulator.Entropy.Fork();
            // Two of three writes fail in some way. Reads succeed.
            world.Faults = request => request.Method == "GET" ? Fault.None : (Fault)dice.Next(3);
            world.Create(Make.Pod("high", "1", with: s => s.PriorityClassName = high));
            for (var i = 0; i < 4; i++)
            {
                world.Run(dice.Next(3000) / 1000.0);
                // Makes the pod ready again, although no node is feasible.
                world.Create(Make.Node($"other{i}", cpu: "1", taints: [Make.Taint("a")]));
                if (dice.Next(2) == 0)
                {
                    world.RestartScheduler();
                }
            }
            world.Run(10);
            world.Faults = _ => Fault.None;
            world.Run(10);
            var ending = world.List<V1Pod>().Count(p => p.Metadata.DeletionTimestamp is not null);
            Assert.True(ending == 1, $"seed {seed}: {ending} victims");
            world.EndTerminating();
            world.Run(15);
            Assert.NotNull(world.Pod("high").Spec.NodeName);
            Assert.Equal(4, world.List<V1Pod>().Count);
        }
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}
