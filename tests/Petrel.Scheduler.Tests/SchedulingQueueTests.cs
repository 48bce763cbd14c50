using k8s.Models;
using Petrel.Model;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Filters;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;
using Petrel.Simulation.Time;

namespace Petrel.Scheduler.Tests;

public sealed class SchedulingQueueTests
{
    private readonly VirtualTimeProvider _time = new();
    private readonly SchedulingQueue _queue;

    public SchedulingQueueTests() => _queue = new(_time, new());

    [Fact]
    public void Pods_come_by_priority_and_then_by_age()
    {
        Add("old");
        _time.Advance(TimeSpan.FromSeconds(1));
        Add("young");
        Add("important", 1000);
        Assert.Equal("important old young", $"{Take()} {Take()} {Take()}");
        Assert.Null(Take());
    }

    [Fact]
    public void An_unschedulable_pod_waits_for_something_that_may_help_it()
    {
        Add("p");
        Put(ClusterEvents.NodeAdded | ClusterEvents.PodDeleted);
        _time.Advance(TimeSpan.FromMinutes(1));
        _queue.Move(ClusterEvents.NodeLabels);
        Assert.Null(Take());
        _queue.Move(ClusterEvents.PodDeleted);
        Assert.Equal("p", Take());
    }

    [Fact]
    public void Backoff_doubles_up_to_ten_seconds()
    {
        Add("p");
        foreach (var expected in new[] { 1, 2, 4, 8, 10, 10 })
        {
            Put(ClusterEvents.NodeAdded);
            _queue.Move(ClusterEvents.NodeAdded);
            Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(expected), _queue.NextDue);
            _time.Advance(TimeSpan.FromSeconds(expected) - TimeSpan.FromTicks(1));
            Assert.Null(Take());
            _time.Advance(TimeSpan.FromTicks(1));
            Assert.True(_queue.TryTake(out var taken));
            var failures = taken.Failures;
            _queue.Remove(taken.Pod.Key);
            Add("p", failures: failures);
        }
    }

    [Fact]
    public void After_five_minutes_an_unschedulable_pod_is_tried_anyway()
    {
        Add("p");
        Put(ClusterEvents.NodeAdded);
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromMinutes(5), _queue.NextDue);
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        Assert.Null(Take());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal("p", Take());
    }

    [Fact]
    public void A_failed_binding_comes_again_after_its_backoff_without_any_event()
    {
        Add("p");
        Assert.True(_queue.TryTake(out var taken));
        _queue.PutFailed(taken);
        Assert.Null(Take());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("p", Take());
    }

    [Fact]
    public void A_change_of_what_a_pod_asks_for_gives_it_another_try()
    {
        Add("p");
        Put(ClusterEvents.NodeAdded);
        _time.Advance(TimeSpan.FromSeconds(2));
        _queue.AddOrUpdate(Make.Info("p"), schedulingChanged: false);
        Assert.Null(Take());
        _queue.AddOrUpdate(Make.Info("p", cpu: "1"), schedulingChanged: true);
        Assert.True(_queue.TryTake(out var taken));
        Assert.Equal(1000, taken.Pod.Requests.MilliCpu);
    }

    [Fact]
    public void A_removed_pod_does_not_come_back_from_any_state()
    {
        Add("active");
        _queue.Remove(new("default", "active"));
        Add("flying");
        Assert.True(_queue.TryTake(out var flying));
        _queue.Remove(flying.Pod.Key);
        _queue.PutFailed(flying);
        Add("waiting");
        Put(ClusterEvents.NodeAdded);
        _queue.Remove(new("default", "waiting"));
        _queue.Move(ClusterEvents.NodeAdded);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(Take());
        Assert.Equal(0, _queue.Count);
        Assert.Null(_queue.NextDue);
    }

    [Fact]
    public void Another_pod_of_the_same_name_starts_afresh()
    {
        Add("p");
        Assert.True(_queue.TryTake(out var first));
        var second = Make.Pod("p");
        second.Metadata.Uid = "another";
        _queue.AddOrUpdate(new(second), schedulingChanged: true);
        _queue.PutUnschedulable(first, ClusterEvents.NodeAdded);
        Assert.True(_queue.TryTake(out var taken));
        Assert.Equal("another", taken.Pod.Uid);
        Assert.Equal(0, taken.Failures);
    }

    [Fact]
    public void A_batch_is_what_would_come_one_after_the_other_as_long_as_pods_are_alike()
    {
        var batch = new List<QueuedPod>();
        foreach (var (name, app, priority) in new[] { ("a1", "a", 0), ("a2", "a", 0), ("b1", "b", 0), ("a3", "a", 0), ("b2", "b", 9) })
        {
            _queue.AddOrUpdate(
                Make.Info(name, labels: Make.Labels($"app={app}"), with: s => s.Priority = priority),
                schedulingChanged: true
            );
        }
        List<string> batches = [];
        for (_queue.TakeBatch(2, batch); batch.Count > 0; _queue.TakeBatch(2, batch))
        {
            batches.Add(string.Join(' ', batch.Select(q => q.Pod.Key.Name)));
        }
        Assert.Equal(["b2", "a1 a2", "b1", "a3"], batches);
    }

    [Fact]
    public void Only_events_that_the_refusing_plugin_thinks_useful_move_a_pod()
    {
        var taints = new TaintTolerationFilter();
        var fit = new NodeResourcesFitFilter(new());
        ClusterEvent Node(V1Node node, ClusterEvents kinds) => new(kinds) { Node = node };
        bool Moves(IQueueingHints plugin, ClusterEvent happened)
        {
            Add("p");
            Assert.True(_queue.TryTake(out var taken));
            _queue.PutUnschedulable(taken, plugin.RetryOn, [plugin]);
            _queue.Move(happened);
            var moves = taken.State == QueueState.Backoff;
            _queue.Remove(taken.Pod.Key);
            return moves;
        }
        Assert.True(Moves(taints, Node(Make.Node("n"), ClusterEvents.NodeTaints)));
        Assert.False(Moves(taints, Node(Make.Node("n", taints: [Make.Taint("x")]), ClusterEvents.NodeTaints)));
        Assert.False(Moves(taints, Node(Make.Node("n"), ClusterEvents.NodeAllocatable)));
        Assert.False(Moves(taints, ClusterEvents.PodDeleted));
        Assert.True(Moves(fit, new(ClusterEvents.PodDeleted) { OldPod = Make.Info("gone") }));
        Assert.True(Moves(fit, Node(Make.Node("n"), ClusterEvents.NodeAdded)));
    }

    [Fact]
    public void A_gated_pod_comes_when_its_gate_opens_and_not_before()
    {
        var open = false;
        var gate = new SchedulingGates();
        var queue = new SchedulingQueue(_time, new()) { Gate = _ => open ? null : gate };
        queue.AddOrUpdate(Make.Info("p"), schedulingChanged: true);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(queue.TryTake(out _));
        open = true;
        queue.Move(ClusterEvents.WaitingPod);
        Assert.True(queue.TryTake(out _));
    }

    private void Add(string name, int priority = 0, int failures = 0)
    {
        _queue.AddOrUpdate(Make.Info(name, with: s => s.Priority = priority), schedulingChanged: true);
        _queue.Find(new ObjectKey("default", name))!.Failures = failures;
    }

    private string? Take() => _queue.TryTake(out var taken) ? taken.Pod.Key.Name : null;

    private void Put(ClusterEvents retryOn)
    {
        Assert.True(_queue.TryTake(out var taken));
        _queue.PutUnschedulable(taken, retryOn);
    }
}
