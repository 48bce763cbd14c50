using k8s.Models;
using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Faults.Links;
using Petrel.Simulation.Timelines;
using static Petrel.Simulation.Tests.Faults.RehearsedWorld;

namespace Petrel.Simulation.Tests.Faults;

/// <summary>Each kind of fault does what it says, and is over when it is over.</summary>
public sealed class FaultsStrikeTests
{
    [Fact]
    public void A_node_without_power_loses_its_containers_and_starts_empty()
    {
        using var run = new RehearsedWorld([Fault(NodeCrash.Definition, 20, 30, "node1")], [Deploy(1, 4)]);

        Assert.Equal(20, run.When("node1/machine#1", "killed"));
        Assert.Equal(20, run.When("node1#1", "killed"));
        Assert.Equal(50, run.When("node1#2", "started"));
        Assert.InRange(run.When("controllers", "node/node1 is not heard of any more"), 40, 50);
        Assert.True(run.Happened("node1#2", "is ready"));
    }

    [Fact]
    public void An_agent_that_dies_leaves_its_containers_alone()
    {
        using var run = new RehearsedWorld([Fault(AgentRestart.Definition, 20, 3, "node1")], [Deploy(1, 4)]);

        Assert.Equal(20, run.When("node1#1", "killed"));
        Assert.Equal(23, run.When("node1#2", "started"));
        Assert.False(run.Happened("node1/machine#1", "killed"));
        Assert.Equal(4, run.Entries.Count(e => e.Kind == TimelineKind.Container));
    }

    [Theory]
    [InlineData("server")]
    [InlineData("controllers")]
    [InlineData("scheduler")]
    public void A_program_dies_and_is_started_again(string program)
    {
        using var run = new RehearsedWorld([Fault(BuiltInFaults.Registry.Find($"{program}-restart")!, 2, 3)], [Deploy(1, 2)]);

        Assert.Equal(2, run.When($"{program}#1", "killed"));
        Assert.Equal(5, run.When($"{program}#2", "started"));
        Assert.True(run.Happened("", "available 1 -> 2") || run.Happened("", "available 0 -> 2"));
    }

    [Fact]
    public void A_process_dies_at_the_step_that_was_asked_for()
    {
        double DiesAt(int steps)
        {
            using var run = new RehearsedWorld(
                [Fault(CrashAtStep.Definition, 1, 2, "controllers", new CrashAtStep(steps))],
                [Deploy(1, 4)]
            );
            Assert.Equal(run.When("controllers#1", "killed") + 2, run.When("controllers#2", "started"), 3);
            Assert.True(run.Happened("", "available 3 -> 4") || run.Happened("", "-> 4"));
            return run.When("controllers#1", "killed");
        }

        Assert.InRange(DiesAt(40), 1, DiesAt(400));
        Assert.NotEqual(DiesAt(40), DiesAt(400));
    }

    [Fact]
    public void A_process_that_does_not_do_so_many_steps_lives()
    {
        using var run = new RehearsedWorld(
            [Fault(CrashAtStep.Definition, 1, 2, "controllers", new CrashAtStep(1_000_000))],
            [Deploy(1, 2)]
        );

        Assert.False(run.Happened("controllers#1", "killed"));
    }

    [Fact]
    public void While_requests_are_blocked_nothing_of_a_node_is_committed()
    {
        using var run = new RehearsedWorld([CutOff(LinkDirection.ToServer)], []);

        Assert.NotEmpty(run.Commits("node1", 10, 20));
        Assert.Empty(run.Commits("node1", 20, 50));
        Assert.NotEmpty(run.Commits("node2", 20, 50));
        Assert.InRange(run.When("controllers", "node/node1 is not heard of any more"), 38, 50);
    }

    [Fact]
    public void Without_answers_requests_are_executed_and_their_outcome_is_unknown()
    {
        using var run = new RehearsedWorld(
            [CutOff(LinkDirection.FromServer), CutOff(LinkDirection.FromServer) with { Target = "user" }],
            [Deploy(25, 4), CreateConfigMap(26, "unheard")]
        );

        Assert.InRange(run.When("user", "configmap/unheard created"), 26, 26.1);
        Assert.InRange(run.When("user", "done: create configmaps/default/unheard"), 50, 65);
        Assert.DoesNotContain(run.Entries, e =>
            e.Kind == TimelineKind.Container && e.Who.StartsWith("node1", StringComparison.Ordinal) && e.At.TotalSeconds < 50
        );
        Assert.Contains(run.Entries, e => e.Kind == TimelineKind.Container && e.Who.StartsWith("node1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_degraded_network_affects_every_process_and_recovers()
    {
        using var run = new RehearsedWorld(
            [Fault(NetworkDegradation.Definition, 20, 10, "", Delayed(2, 3))],
            [CreateConfigMap(22, "slow"), CreateConfigMap(40, "fast")]
        );

        Assert.InRange(run.When("user", "configmap/slow created"), 24, 25);
        Assert.InRange(run.When("user", "configmap/fast created"), 40, 40.01);
    }

    [Fact]
    public void A_slow_link_is_that_of_one_process()
    {
        using var run = new RehearsedWorld([Fault(SlowLink.Definition, 20, 20, "scheduler", Delayed(2, 2))], [Deploy(25, 1)]);

        Assert.InRange(run.When("controllers", "pod/web-"), 25, 26);
        // It hears of the pod two seconds late, and its answer takes two more; each request before that, four.
        Assert.InRange(run.When("scheduler", "bound to"), 29, 40);
    }

    [Fact]
    public void Streams_that_are_cut_break_at_once_and_are_resumed()
    {
        using var run = new RehearsedWorld([Fault(WatchCut.Definition, 20, 0, "scheduler")], [Deploy(25, 1)]);

        Assert.Equal(20, run.When("scheduler", "the stream was cut"));
        Assert.False(run.Happened("node1", "the stream was cut"));
        Assert.InRange(run.When("scheduler", "bound to"), 25, 26);
        Assert.Empty(run.WatchErrors);
    }

    [Fact]
    public void A_process_that_was_cut_off_during_a_compaction_must_list_again()
    {
        using var run = new RehearsedWorld(
            [Fault(Compaction.Definition, 20, 5, "scheduler")],
            [Deploy(22, 2), Deploy(23, 3), Deploy(40, 4)]
        );

        Assert.Contains(run.WatchErrors, w => w.StartsWith("scheduler", StringComparison.Ordinal));
        // Its requests had to time out first.
        Assert.InRange(run.When("scheduler", "bound to"), 25, 40);
        Assert.Equal(4, run.Entries.Count(e => e.What.Contains("bound to", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_stale_cache_hears_late_while_its_requests_pass()
    {
        using var run = new RehearsedWorld(
            [Fault(StaleCache.Definition, 20, 20, "scheduler"), Fault(StaleCache.Definition, 20, 20, "node1")],
            [Deploy(25, 1)]
        );

        Assert.InRange(run.When("controllers", "pod/web-"), 25, 26);
        Assert.InRange(run.When("scheduler", "bound to"), 40, 42);
        Assert.NotEmpty(run.Commits("node1", 21, 40));
        Assert.False(run.Happened("", "is not heard of any more"));
    }

    [Fact]
    public void A_wall_clock_jumps_and_comes_back()
    {
        using var run = new RehearsedWorld(
            [Fault(ClockJump.Definition, 20, 10, "server", new ClockJump(TimeSpan.FromHours(-1)))],
            [CreateConfigMap(10, "before"), CreateConfigMap(25, "while"), CreateConfigMap(40, "after")]
        );
        var (before, meanwhile, after) = (Created(run, "before"), Created(run, "while"), Created(run, "after"));

        Assert.Equal(TimeSpan.FromSeconds(30), after - before);
        Assert.Equal(TimeSpan.FromSeconds(15) - TimeSpan.FromHours(1), meanwhile - before);
    }

    [Fact]
    public void A_wall_clock_that_runs_too_fast_gains()
    {
        using var run = new RehearsedWorld(
            [Fault(ClockDrift.Definition, 20, 20, "server", new ClockDrift(1.5))],
            [CreateConfigMap(10, "before"), CreateConfigMap(30, "while"), CreateConfigMap(50, "after")]
        );

        Assert.Equal(TimeSpan.FromSeconds(25), Created(run, "while") - Created(run, "before"));
        Assert.Equal(TimeSpan.FromSeconds(40), Created(run, "after") - Created(run, "before"));
    }

    [Fact]
    public void Commits_to_a_slow_disk_take_longer()
    {
        using var run = new RehearsedWorld(
            [Fault(SlowDisk.Definition, 20, 20, "", new SlowDisk(TimeSpan.FromSeconds(3)))],
            [CreateConfigMap(25, "slow"), CreateConfigMap(50, "fast")]
        );

        Assert.InRange(run.When("user", "configmap/slow created"), 28, 28.1);
        Assert.InRange(run.When("user", "configmap/fast created"), 50, 50.1);
    }

    [Fact]
    public void Nothing_is_stored_on_a_disk_that_fails()
    {
        using var run = new RehearsedWorld([Fault(FailingDisk.Definition, 20, 20, "", new FailingDisk(1))], [CreateConfigMap(25, "late")]);

        Assert.Empty(run.Commits("", 20, 40));
        Assert.InRange(run.When("user", "configmap/late created"), 40, 41.1);
    }

    [Fact]
    public void A_commit_whose_answer_is_lost_is_there_all_the_same()
    {
        using var run = new RehearsedWorld([Fault(LostCommits.Definition, 20, 20, "", new LostCommits(1))], [CreateConfigMap(25, "once")]);

        Assert.InRange(run.When("user", "configmap/once created"), 25, 25.1);
        // It was told of a failure, tried again, and found it done.
        Assert.InRange(run.When("user", "done: create configmaps/default/once"), 26, 27);
    }

    [Fact]
    public void The_server_dies_after_a_commit_and_before_its_answer()
    {
        using var run = new RehearsedWorld([Fault(CrashAfterCommit.Definition, 20, 10)], []);
        var died = run.When("server#1", "killed");
        var last = run.Entries.Last(e => e.Kind == TimelineKind.Commit && e.At.TotalSeconds <= died);

        Assert.InRange(died, 20, 30);
        Assert.Equal(died, last.At.TotalSeconds);
        Assert.Equal(30, run.When("server#2", "started"));
    }

    [Fact]
    public void A_container_that_exits_is_started_again()
    {
        using var run = new RehearsedWorld(
            [
                Fault(ContainerExit.Definition, 20, 0, "node1", new ContainerExit(Choice: 3, ExitCode: 3)),
                Fault(ContainerExit.Definition, 21, 0, "node2", new ContainerExit(ExitCode: 3)),
            ],
            [Deploy(1, 1)]
        );

        Assert.InRange(run.When("node", "container web restarted"), 20, 22);
        Assert.Equal(2, run.Entries.Count(e => e.Kind == TimelineKind.Container));
    }

    [Fact]
    public void Pods_wait_where_images_can_not_be_pulled()
    {
        using var run = new RehearsedWorld(
            [Fault(ImagePullFailure.Definition, 20, 25, "node1"), Fault(ImagePullFailure.Definition, 20, 25, "node2")],
            [Deploy(25, 1)],
            seconds: 150
        );

        Assert.InRange(run.When("node", "waits: ErrImagePull"), 25, 27);
        Assert.InRange(run.When("node", "is ready"), 0, 10);
        Assert.InRange(run.Entries.Single(e => e.Kind == TimelineKind.Container).At.TotalSeconds, 45, 100);
    }

    [Fact]
    public void Containers_start_slowly_where_a_machine_is_slow()
    {
        using var run = new RehearsedWorld(
            [
                Fault(SlowContainerStart.Definition, 1, 50, "node1", new SlowContainerStart(TimeSpan.FromSeconds(10))),
                Fault(SlowContainerStart.Definition, 1, 50, "node2", new SlowContainerStart(TimeSpan.FromSeconds(10))),
            ],
            [Deploy(25, 1)]
        );

        Assert.InRange(run.Entries.Single(e => e.Kind == TimelineKind.Container).At.TotalSeconds, 35, 40);
    }

    [Fact]
    public void A_fault_whose_target_there_is_not_does_nothing()
    {
        using var run = new RehearsedWorld(
            [
                Fault(NodeCrash.Definition, 20, 10, "node9"),
                Fault(CrashAtStep.Definition, 20, 10, "node9", new CrashAtStep()),
                Fault(ClockJump.Definition, 20, 10, "node9", new ClockJump()),
                Fault(ContainerExit.Definition, 20, 10, "node9", new ContainerExit()),
            ],
            [Deploy(1, 2)]
        );

        Assert.False(run.Happened("", "killed"));
        Assert.Equal(2, run.Entries.Count(e => e.Kind == TimelineKind.Container));
    }

    private static DateTimeOffset Created(RehearsedWorld run, string name) => run.Read<V1ConfigMap>(name).Metadata.CreationTimestamp!.Value;

    private static PlannedFault CutOff(LinkDirection direction) => Fault(Partition.Definition, 20, 30, "node1", new Partition(direction));

    private static LinkImpairment Delayed(double least, double most) =>
        new()
        {
            Link = new() { MinDelay = TimeSpan.FromSeconds(least), MaxDelay = TimeSpan.FromSeconds(most) },
        };

    private static PlannedFault Fault(
        FaultDefinition definition,
        double at,
        double seconds,
        string target = "",
        FaultParameters? parameters = null
    ) =>
        new()
        {
            At = TimeSpan.FromSeconds(at),
            Kind = definition.Name,
            Target = target,
            Duration = TimeSpan.FromSeconds(seconds),
            Parameters = parameters ?? new NoParameters(),
        };
}
