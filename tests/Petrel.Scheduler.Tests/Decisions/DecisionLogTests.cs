using System.Text.Json.Nodes;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Tests.Decisions;

/// <summary>What is recorded of decisions, and for how long.</summary>
public sealed class DecisionLogTests
{
    [Fact]
    public void The_last_decisions_of_a_pod_are_kept_the_newest_first()
    {
        var log = new DecisionLog(new() { PerPod = 2 });
        for (var i = 1; i <= 3; i++)
        {
            log.Add(new("ns", "p"), "u", new() { Message = $"m{i}" });
        }
        var found = log.Find(new("ns", "p"), "u")!;
        Assert.Equal(3, (int)found["attempts"]!);
        Assert.Equal(["3 m3", "2 m2"], found["decisions"]!.AsArray().Select(d => $"{d!["attempt"]} {d["message"]}"));
        log.Amend("u", d => d with { Message = "changed" });
        Assert.Equal("changed", (string?)log.Find(new("ns", "p"), "u")!["decisions"]![0]!["message"]);
    }

    [Fact]
    public void Pods_that_were_decided_about_the_longest_ago_are_forgotten_first()
    {
        var log = new DecisionLog(new() { Pods = 2 });
        void Add(string uid) => log.Add(new("ns", uid), uid, new());
        bool Knows(string uid) => log.Find(new("ns", uid), uid) is not null;
        Add("a");
        Add("b");
        Add("a");
        Add("c");
        Assert.Equal((true, false, true), (Knows("a"), Knows("b"), Knows("c")));
        Assert.Null(log.Find(new("ns", "other"), "a"));
    }

    [Fact]
    public void A_log_of_no_pods_keeps_nothing()
    {
        var log = new DecisionLog(new() { Pods = 0 });
        log.Add(new("ns", "a"), "a", new());
        Assert.Null(log.Find(new("ns", "a"), "a"));
    }

    [Fact]
    public void Refused_nodes_are_told_by_plugin_and_reason_and_the_best_ones_by_plugin_and_score()
    {
        var cluster = Make.Cluster(
            Make.Node("full", cpu: "1"),
            Make.Node("full2", cpu: "1"),
            Make.Node("tainted", taints: [Make.Taint("a")]),
            Make.Node("big", cpu: "16"),
            Make.Node("mid", cpu: "8"),
            Make.Node("low", cpu: "4")
        );
        cluster.Place(Make.Info("x", "1"), "full");
        cluster.Place(Make.Info("y", "1"), "full2");
        var decision = Decide(cluster, Make.Info("p", "2"), new() { ScoredNodes = 2, NodesPerReason = 1 });
        Assert.Equal(
            ("Scheduled", "big", 6, 3),
            ((string?)decision["result"], (string?)decision["node"], (int)decision["nodes"]!, (int)decision["feasible"]!)
        );
        Assert.Equal(
            [
                """{"plugin":"NodeResourcesFit","reasons":["Insufficient cpu"],"preemptionMayHelp":false,"count":2,"nodes":["full"]}""",
                """{"plugin":"TaintToleration","reasons":["node(s) had untolerated """
                    + """taint(s)"],"preemptionMayHelp":false,"count":1,"nodes":["tainted"]}""",
            ],
            decision["refusals"]!.AsArray().Select(r => r!.ToJsonString(Plain))
        );
        var scores = decision["scores"]!.AsArray();
        Assert.Equal(["big", "mid"], scores.Select(s => (string?)s!["node"]));
        foreach (var node in scores)
        {
            Assert.Equal((long)node!["total"]!, node["plugins"]!.AsArray().Sum(p => (long)p!["weighted"]!));
            Assert.All(node["plugins"]!.AsArray(), p => Assert.Equal((long)p!["weighted"]!, (long)p["score"]! * (int)p["weight"]!));
        }
        Assert.Contains("NodeResourcesFit", scores[0]!["plugins"]!.AsArray().Select(p => (string?)p!["plugin"]));
    }

    [Fact]
    public void Scores_are_told_as_they_came_and_as_they_count()
    {
        var preferred = Make.Taint("slow", effect: "PreferNoSchedule");
        var cluster = Make.Cluster(
            Make.Node("a"),
            Make.Node("b", taints: [preferred]),
            Make.Node("c", taints: [preferred, Make.Taint("slower", effect: "PreferNoSchedule")])
        );
        var decision = Decide(cluster, Make.Info("p", "1"), new());
        var taints = decision["scores"]!
            .AsArray()
            .ToDictionary(s => (string)s!["node"]!, s => s!["plugins"]!.AsArray().Single(p => (string?)p!["plugin"] == "TaintToleration")!);
        Assert.Equal((0L, 100L, 300L), Three(taints["a"]));
        Assert.Equal((1L, 50L, 150L), Three(taints["b"]));
        Assert.Equal((2L, 0L, 0L), Three(taints["c"]));
    }

    [Fact]
    public void A_pod_that_fits_nowhere_waits_for_what_may_help_it()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "1"));
        cluster.Place(Make.Info("x", "1"), "n");
        var decision = Decide(cluster, Make.Info("p", "1"), new());
        Assert.Equal("Unschedulable", (string?)decision["result"]);
        Assert.StartsWith("0/1 nodes are available: 1 Insufficient cpu.", (string?)decision["message"], StringComparison.Ordinal);
        Assert.Contains("a pod leaves its node", decision["waitsFor"]!.AsArray().Select(w => (string?)w));
        Assert.True((bool)decision["refusals"]![0]!["preemptionMayHelp"]!);
        Assert.False(decision.ContainsKey("scores"));
    }

    private static readonly System.Text.Json.JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static (long, long, long) Three(JsonNode plugin) => ((long)plugin["raw"]!, (long)plugin["score"]!, (long)plugin["weighted"]!);

    private static JsonObject Decide(ClusterState cluster, PodInfo pod, DecisionSettings settings)
    {
        var log = new DecisionLog(settings);
        var cycle = new SchedulingCycle(ProfileFactory.Create(new(new(), cluster, new NoObjects())), cluster, new SeededEntropy(1))
        {
            Recorder = new DecisionRecorder(log, TimeProvider.System),
        };
        // The second decision uses the kept failure of the first.
        cycle.Schedule(pod);
        cycle.Schedule(pod);
        var decisions = log.Find(pod.Key, pod.Uid)!["decisions"]!.AsArray();
        Assert.Equal(decisions[0]!["scores"]?.ToJsonString(), decisions[1]!["scores"]?.ToJsonString());
        return decisions[0]!.AsObject();
    }
}
