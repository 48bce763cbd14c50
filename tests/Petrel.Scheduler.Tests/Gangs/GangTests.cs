using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Gangs;
using static Petrel.Scheduler.Tests.TestWorld;

namespace Petrel.Scheduler.Tests.Gangs;

/// <summary>Gangs at the real API server, in virtual time.</summary>
public sealed class GangTests : IAsyncDisposable
{
    private readonly TestWorld _world = new();

    [Fact]
    public void A_gang_is_held_until_enough_of_it_exists_and_then_bound_together()
    {
        _world.CreateGroup("g", 3);
        _world.Create(Make.Node("n1", cpu: "4"));
        _world.Create(Member("g", "a"), Member("g", "b"));
        _world.Run(20);
        Assert.Equal(["a@", "b@"], _world.Nodes());
        Assert.Equal("waiting for more pods of PodGroup \"g\", which needs 3", Assert.Single(_world.Pod("a").Status.Conditions).Message);
        Assert.Equal(("Pending", 2, 0), State("g"));
        _world.Create(Member("g", "c"));
        _world.Run(1);
        Assert.Equal(["a@n1", "b@n1", "c@n1"], _world.Nodes());
        Assert.Equal(("Scheduled", 3, 3), State("g"));
        Assert.Equal("True", Assert.Single(_world.Get<PodGroup>("g").Status.Conditions!).Status);
        // Later pods are scheduled one by one.
        _world.Create(Member("g", "d"), Member("g", "e"));
        _world.Run(5);
        Assert.Equal(["a@n1", "b@n1", "c@n1", "d@n1", "e@"], _world.Nodes());
    }

    [Fact]
    public void Without_room_for_all_nobody_is_bound_and_the_places_are_free_for_others()
    {
        _world.CreateGroup("g", 3);
        _world.Create(Make.Node("n1", cpu: "2"));
        _world.Create(Member("g", "a"), Member("g", "b"), Member("g", "c"));
        _world.Run(5);
        Assert.Equal(["a@", "b@", "c@"], _world.Nodes());
        Assert.DoesNotContain(_world.Seen, s => s.EndsWith("/binding", StringComparison.Ordinal));
        Assert.Equal(("Unschedulable", 3, 0), State("g"));
        var messages = _world.List<V1Pod>().Select(p => Assert.Single(p.Status.Conditions).Message).ToArray();
        Assert.Equal(
            2,
            messages.Count(m =>
                m.StartsWith(
                    "gang: 2 of the 3 pods that PodGroup \"g\" needs have a place; default/c: 0/1 nodes are available: 1 Insufficient cpu.",
                    StringComparison.Ordinal
                )
            )
        );
        Assert.Equal(
            1,
            messages.Count(m =>
                m.StartsWith("0/1 nodes are available: 1 Insufficient cpu. gang: 2 of the 3 pods", StringComparison.Ordinal)
            )
        );

        _world.Create(Make.Pod("single", "2"));
        _world.Run(15);
        Assert.Equal("n1", _world.Pod("single").Spec.NodeName);
        _world.Create(Make.Node("n2", cpu: "3"));
        _world.Run(15);
        Assert.Equal(["a@n2", "b@n2", "c@n2", "single@n1"], _world.Nodes());
    }

    [Fact]
    public void More_pods_than_needed_are_bound_as_far_as_there_is_room()
    {
        _world.CreateGroup("g", 2);
        _world.Create(Make.Node("n1", cpu: "3"));
        _world.Create(Enumerable.Range(0, 4).Select(i => Member("g", $"p{i}")));
        _world.Run(5);
        Assert.Equal(3, _world.Nodes().Count(n => n.EndsWith("n1", StringComparison.Ordinal)));
        Assert.Equal(("Scheduled", 4, 3), State("g"));
    }

    [Fact]
    public void A_gang_whose_group_comes_later_or_asks_for_less_is_placed_then()
    {
        _world.Create(Make.Node("n1", cpu: "2"));
        _world.Create(Member("g", "a"), Member("g", "b"));
        _world.Run(2);
        Assert.Equal("waiting for PodGroup \"g\", which does not exist", Assert.Single(_world.Pod("a").Status.Conditions).Message);
        _world.CreateGroup("g", 3);
        _world.Run(2);
        Assert.Equal(["a@", "b@"], _world.Nodes());
        _world.Do(async stop =>
            await _world.User.PatchAsync<PodGroup>(
                new("default", "g"),
                new() { ["spec"] = new System.Text.Json.Nodes.JsonObject { ["minMember"] = 2 } },
                stop
            )
        );
        _world.Run(12);
        Assert.Equal(["a@n1", "b@n1"], _world.Nodes());
    }

    [Fact]
    public void When_a_pod_that_fits_nowhere_goes_the_others_are_tried_without_it()
    {
        _world.CreateGroup("g", 2);
        _world.Create(Make.Node("n1", cpu: "2"));
        _world.Create(Member("g", "a"), Member("g", "big", "8"));
        _world.Run(3);
        Assert.Equal(["a@", "big@"], _world.Nodes());
        _world.End("big");
        _world.Create(Member("g", "c"));
        _world.Run(15);
        Assert.Equal(["a@n1", "c@n1"], _world.Nodes());
    }

    [Fact]
    public async Task Of_two_gangs_with_room_for_one_exactly_one_runs_and_the_other_is_whole_or_nothing()
    {
        for (var seed = 1UL; seed <= 15; seed++)
        {
            await using var world = new TestWorld(seed);
            var dice = world.Simulator.Entropy.Fork();
            var lossy = seed % 3 == 0;
            world.Faults = request => lossy && request.Method != "GET" && dice.Next(4) == 0 ? (Fault)(1 + dice.Next(2)) : Fault.None;
            world.CreateGroup("g", 4);
            world.CreateGroup("h", 4);
            world.Create(Enumerable.Range(0, 3).Select(i => Make.Node($"n{i}", cpu: "2")));
            // The pods of both gangs are created in turn, and the scheduler may stop at any moment.
            var pods = Enumerable
                .Range(0, 8)
                .Select(i => Member(i % 2 == 0 ? "g" : "h", $"p{i}"))
                .OrderBy(_ => dice.NextUInt64())
                .ToArray();
            foreach (var pod in pods)
            {
                world.Create(pod);
                world.Run(dice.Next(400) / 1000.0);
                if (dice.Next(5) == 0)
                {
                    world.RestartScheduler();
                }
            }
            world.Run(30);
            lossy = false;
            world.Run(30);
            var placed = world
                .List<V1Pod>()
                .Where(p => p.Spec.NodeName is not null)
                .CountBy(p => p.Metadata.Labels[PodGroup.MemberLabel])
                .ToArray();
            Assert.True(placed is [{ Value: 4 }], $"seed {seed}: {string.Join(", ", placed)}");

            // When the first gang has finished, the second one is scheduled.
            world.End([.. world.List<V1Pod>().Where(p => p.Spec.NodeName is not null).Select(p => p.Metadata.Name)]);
            world.Run(30);
            Assert.Equal(4, world.List<V1Pod>().Count(p => p.Spec.NodeName is not null));
        }
    }

    [Fact]
    public void A_gang_whose_scheduler_died_between_two_bindings_is_completed_before_anything_else()
    {
        _world.CreateGroup("g", 3);
        _world.Create(Make.Node("n1", cpu: "3"));
        var bindings = 0;
        _world.Faults = request =>
            request.Path.EndsWith("/binding", StringComparison.Ordinal) && ++bindings > 1 ? Fault.LoseRequest : Fault.None;
        _world.Create(Member("g", "a"), Member("g", "b"), Member("g", "c"));
        _world.RunUntil(() => bindings >= 2);
        _world.KillScheduler();
        Assert.Single(_world.Nodes(), n => n.EndsWith("n1", StringComparison.Ordinal));
        // Older pods of higher priority, and first by name: without the rule they would take the places.
        var high = _world.Class(100);
        _world.Create(Make.Pod("0", "1", with: s => (s.PriorityClassName, s.PreemptionPolicy) = (high, null)), Make.Pod("1", "2"));
        _world.Faults = _ => Fault.None;
        _world.RestartScheduler();
        _world.RunUntil(() => _world.Seen.Count(s => s.EndsWith("/binding", StringComparison.Ordinal)) == 3);
        _world.Run(1);
        Assert.Equal(["a@n1", "b@n1", "c@n1"], _world.Nodes().Where(n => n[0] > '9'));
    }

    [Fact]
    public void A_place_is_kept_for_a_pod_that_the_api_would_not_bind_until_the_groups_time_is_over()
    {
        _world.CreateGroup("g", 2, timeoutSeconds: 20);
        _world.Create(Make.Node("n1", cpu: "2"));
        _world.Faults = request => request.Path.EndsWith("/pods/b/binding", StringComparison.Ordinal) ? Fault.LoseRequest : Fault.None;
        _world.Create(Member("g", "a"), Member("g", "b"));
        _world.Run(3);
        Assert.Equal(["a@n1", "b@"], _world.Nodes());
        _world.Create(Make.Pod("other", "1"));
        _world.Run(12);
        Assert.Equal("other@", _world.Nodes()[2]);
        _world.Run(25);
        Assert.Equal("other@n1", _world.Nodes()[2]);

        _world.End("other");
        _world.Faults = _ => Fault.None;
        _world.Run(15);
        Assert.Equal(["a@n1", "b@n1"], _world.Nodes());
    }

    [Fact]
    public void A_gang_displaces_others_only_if_that_makes_room_for_enough_of_it()
    {
        var high = _world.Class(100);
        _world.CreateGroup("g", 2, priorityClass: high);
        _world.Create(Make.Node("n1", cpu: "1"));
        _world.Create(Make.Pod("low1", "1"));
        _world.Run(2);
        _world.Create(Member("g", "a"), Member("g", "b"));
        _world.Run(10);
        Assert.DoesNotContain(_world.List<V1Pod>(), p =>
            p.Metadata.DeletionTimestamp is not null || p.Status.NominatedNodeName is not null
        );

        _world.Create(Make.Pod("low2", "1", with: s => s.NodeName = "n2"));
        _world.Create(Make.Node("n2", cpu: "1"));
        _world.Run(15);
        Assert.Equal(
            ["low1", "low2"],
            _world.List<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is not null).Select(p => p.Metadata.Name)
        );
        Assert.Equal(["n1", "n2"], _world.List<V1Pod>().Select(p => p.Status.NominatedNodeName).Where(n => n is not null).Order());
        Assert.Equal(["a@", "b@"], _world.Nodes().Take(2));
        // Room for half of the gang is not enough, and no other pod gets it.
        _world.End("low1");
        _world.Create(Make.Pod("other", "1"));
        _world.Run(5);
        Assert.Equal(["a@", "b@", "low2@n2", "other@"], _world.Nodes());
        _world.End("low2");
        _world.Run(15);
        Assert.Equal(["n1", "n2"], _world.List<V1Pod>().Take(2).Select(p => p.Spec.NodeName).Order());
    }

    [Fact]
    public void What_was_made_free_for_a_gang_that_can_not_take_it_goes_to_others_in_time()
    {
        var high = _world.Class(100);
        _world.CreateGroup("g", 2, timeoutSeconds: 30, priorityClass: high);
        _world.Create(Make.Node("n1", cpu: "1"), Make.Node("n2", cpu: "1"));
        _world.Create(Make.Pod("low1", "1"), Make.Pod("low2", "1"));
        _world.Run(2);
        _world.Create(Member("g", "a"), Member("g", "b"));
        _world.Run(3);
        Assert.Equal(2, _world.List<V1Pod>().Count(p => p.Status.NominatedNodeName is not null));
        // One of the victims terminates slowly.
        _world.End("low1");
        _world.Create(Make.Pod("other", "1"));
        _world.Run(15);
        Assert.Null(_world.Pod("other").Spec.NodeName);
        _world.Run(35);
        Assert.NotNull(_world.Pod("other").Spec.NodeName);
    }

    private (string? Phase, int? Members, int? Scheduled) State(string group)
    {
        var status = _world.Get<PodGroup>(group).Status;
        return (status.Phase, status.Members, status.Scheduled);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}
