using CsCheck;
using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;
using Petrel.Scheduler.Tests.Reference;

namespace Petrel.Scheduler.Tests;

public sealed class FrameworkTests
{
    [Fact]
    public void A_profile_switches_plugins_off_and_weighs_the_others()
    {
        var cluster = Make.Cluster(Make.Node("a", unschedulable: true), Make.Node("b"));
        Assert.Equal(["a", "b"], Feasible(new() { Disabled = ["NodeUnschedulable"] }, cluster));
        Assert.Equal(["b"], Feasible(new() { Disabled = ["*"], Enabled = ["NodeUnschedulable"] }, cluster));
        var wrong = Assert.Throws<ArgumentException>(() =>
            ProfileFactory.Create(new(new() { Disabled = ["NodeMagic"] }, cluster, new NoObjects()))
        );
        Assert.Contains("there is no plugin NodeMagic", wrong.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() =>
            ProfileFactory.Create(new(new() { Weights = new Dictionary<string, int> { ["NodeAffinity"] = 0 } }, cluster, new NoObjects()))
        );
        var heavy = ProfileFactory.Create(
            new(
                new()
                {
                    Weights = new Dictionary<string, int> { ["ImageLocality"] = 9 },
                    DisabledScores = ["TaintToleration"],
                },
                cluster,
                new NoObjects()
            )
        );
        Assert.Equal(9, heavy.Scores.Single(s => s.Plugin.Name == "ImageLocality").Weight);
        Assert.DoesNotContain(heavy.Scores, s => s.Plugin.Name == "TaintToleration");
        Assert.Contains(heavy.Filters, f => f.Name == "TaintToleration");
    }

    [Fact]
    public void A_status_says_whether_preemption_may_help()
    {
        var cluster = Make.Cluster(
            Make.Node("small", cpu: "1"),
            Make.Node("full", cpu: "4"),
            Make.Node("tainted", taints: [Make.Taint("x")])
        );
        cluster.Place(Make.Info("there", "3"), "full");
        var state = State(Make.Info("p", "2"), cluster);
        Assert.Equal(
            [
                (StatusCode.UnschedulableAndUnresolvable, "NodeResourcesFit"),
                (StatusCode.Unschedulable, "NodeResourcesFit"),
                (StatusCode.UnschedulableAndUnresolvable, "TaintToleration"),
            ],
            new[] { "small", "full", "tainted" }.Select(n => (state.Check(cluster.Node(n)!.Slot, out var by).Code, by!.Name))
        );
    }

    [Fact]
    public void A_dry_run_without_some_pods_equals_their_removal_and_changes_nothing() =>
        Gen.ULong.Sample(
            seed =>
            {
                var world = new RandomWorld(seed);
                var cluster = Make.Cluster([.. Enumerable.Range(0, 6).Select(i => world.Node(i))]);
                Func<V1Pod>[] templates = [world.Template(), world.Template(), world.Template()];
                var profile = ProfileFactory.Create(new(world.Profile(), cluster, new NoObjects()));
                for (var i = 0; i < 14; i++)
                {
                    cluster.Place(new(world.Pick(templates)()), cluster.Nodes[world.Roll(6)].Name);
                }
                var pod = new PodInfo(world.Pick(templates)());
                var state = new CycleState(profile, pod, cluster);
                var before = Statuses(state);
                foreach (var node in cluster.Nodes)
                {
                    var victims = node.Pods.Where(_ => world.Roll(2) == 0).ToArray();
                    string would;
                    using (var whatIf = state.WhatIf(node.Slot))
                    {
                        Array.ForEach(victims, whatIf.Remove);
                        if (victims.Length > 0 && world.Roll(2) == 0)
                        {
                            whatIf.Add(victims[0]);
                            victims = victims[1..];
                        }
                        would = Text(whatIf.Check(out var by), by);
                    }
                    Assert.Equal(before, Statuses(state));
                    Array.ForEach(victims, v => cluster.Remove(v.Uid));
                    var afresh = new CycleState(profile, pod, cluster);
                    Assert.Equal(Text(afresh.Check(node.Slot, out var refusedBy), refusedBy), would);
                    Array.ForEach(victims, v => cluster.Place(v, node.Name));
                }
            },
            iter: 100
        );

    [Fact]
    public void A_nominated_place_is_kept_from_pods_of_lower_priority()
    {
        var cluster = Make.Cluster(Make.Node("a", cpu: "1"), Make.Node("b", cpu: "1"));
        cluster.Nominations.Set(Make.Info("important", "1", with: s => s.Priority = 10), "a");
        var cycle = new SchedulingCycle(ProfileFactory.Create(new(new(), cluster, new NoObjects())), cluster, new SeededEntropy(1));
        Assert.Equal("b", cycle.Schedule(Make.Info("other", "1", with: s => s.Priority = 10)).NodeName);
        Assert.Equal("a", cycle.Schedule(Make.Info("important", "1", with: s => s.Priority = 10)).NodeName);
        cluster.Place(Make.Info("other", "1"), "b");
        Assert.Null(cycle.Schedule(Make.Info("low", "1")).NodeName);
        Assert.Equal("a", cycle.Schedule(Make.Info("higher", "1", with: s => s.Priority = 11)).NodeName);
        cluster.Nominations.Remove("uid-default-important");
        Assert.Equal("a", cycle.Schedule(Make.Info("low", "1")).NodeName);
    }

    [Fact]
    public void A_recorder_gets_every_refusal_and_score_and_changes_no_decision()
    {
        var cluster = Make.Cluster(
            Make.Node("a"),
            Make.Node("b", images: new Dictionary<string, long> { ["busybox:latest"] = 900L << 20 }),
            Make.Node("c", unschedulable: true)
        );
        SchedulingCycle Cycle(IDecisionRecorder? recorder) =>
            new(ProfileFactory.Create(new(new(), cluster, new NoObjects())), cluster, new SeededEntropy(1)) { Recorder = recorder };
        var recorder = new Recorder();
        Assert.Equal(Cycle(null).Schedule(Make.Info("p", "1")).NodeName, Cycle(recorder).Schedule(Make.Info("p", "1")).NodeName);
        Assert.Contains("c: NodeUnschedulable UnschedulableAndUnresolvable node(s) were unschedulable", recorder.Lines);
        Assert.Contains("b: ImageLocality 28 x 1", recorder.Lines);
        Assert.Contains("a: TaintToleration 100 x 3", recorder.Lines);
        Assert.Equal(("begin default/p by default-scheduler", "end at b"), (recorder.Lines[0], recorder.Lines[^1]));
    }

    [Fact]
    public void Nodes_are_looked_at_one_of_each_zone_in_turn()
    {
        var cluster = Make.Cluster([
            .. "aabbbc".Select((zone, i) => Make.Node($"n{i}", labels: Make.Labels($"topology.kubernetes.io/zone={zone}"))),
        ]);
        Assert.Equal("n0 n2 n5 n1 n3 n4", string.Join(' ', cluster.Order.ToArray().Select(slot => cluster.At(slot).Name)));
    }

    private static CycleState State(PodInfo pod, ClusterState cluster) =>
        new(ProfileFactory.Create(new(new(), cluster, new NoObjects())), pod, cluster);

    private static string[] Feasible(ProfileSettings settings, ClusterState cluster)
    {
        var state = new CycleState(ProfileFactory.Create(new(settings, cluster, new NoObjects())), Make.Info("p"), cluster);
        return [.. cluster.Nodes.Where(n => state.Check(n.Slot, out _).IsSuccess).Select(n => n.Name)];
    }

    private static string[] Statuses(CycleState state) => [.. state.Cluster.Nodes.Select(n => Text(state.Check(n.Slot, out var by), by))];

    private static string Text(Status status, IFilterPlugin? by) => $"{by?.Name} {status.Code} {string.Join(',', status.Reasons)}";

    private sealed class Recorder : IDecisionRecorder
    {
        public List<string> Lines { get; } = [];

        public void Begin(PodInfo pod, string profile) => Lines.Add($"begin {pod.Key} by {profile}");

        public void RefusedEverywhere(IPlugin plugin, Status status) => Lines.Add($"everywhere: {plugin.Name}");

        public void Refused(NodeInfo node, IPlugin plugin, Status status) =>
            Lines.Add($"{node.Name}: {plugin.Name} {status.Code} {string.Join(',', status.Reasons)}");

        public void Counted(int nodes, int feasible) => Lines.Add($"{feasible} of {nodes}");

        public int ScoredNodes => 10;

        public void Scored(NodeInfo node, IPlugin plugin, long raw, long score, int weight) =>
            Lines.Add($"{node.Name}: {plugin.Name} {score} x {weight}");

        public Decision End(Placement placement)
        {
            Lines.Add($"end at {placement.NodeName}");
            return new();
        }

        public void Repeat(PodInfo pod, Decision recorded) => Lines.Add($"again {pod.Key}");
    }
}
