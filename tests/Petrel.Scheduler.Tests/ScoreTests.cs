using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Scores;

namespace Petrel.Scheduler.Tests;

public sealed class ScoreTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    [Fact]
    public void Least_allocated_is_the_mean_percentage_that_stays_free()
    {
        var cluster = Make.Cluster(
            Make.Node("a", cpu: "4", memory: "10000"),
            Make.Node("b", cpu: "2", memory: "10000"),
            Make.Node("c", cpu: "0", memory: "10000")
        );
        cluster.Place(Make.Info("there", "1", "4000"), "a");
        // a: cpu (4000-2000)/4000 = 50, memory (10000-5000)/10000 = 50. b: 50, 90. c has no cpu: memory alone.
        Assert.Equal([50, 70, 90], Of(new NodeResourcesFitScore(new()), Make.Info("p", "1", "1000"), cluster));
    }

    [Fact]
    public void Balanced_allocation_is_lowered_by_half_of_the_difference()
    {
        var cluster = Make.Cluster(Make.Node("a", cpu: "4", memory: "10000"), Make.Node("b", cpu: "2", memory: "10000"));
        // a: |0.25 - 0.1| / 2 = 0.075. b: |0.5 - 0.1| / 2 = 0.2.
        Assert.Equal([92, 80], Of(new BalancedAllocationScore(new()), Make.Info("p", "1", "1000"), cluster));
        Assert.False(Says(new BalancedAllocationScore(new()), Make.Info("p"), cluster));
    }

    [Fact]
    public void Preferred_node_affinity_sums_weights_relative_to_the_best()
    {
        var cluster = Make.Cluster(
            Make.Node("a", labels: Make.Labels("x=1", "y=1")),
            Make.Node("b", labels: Make.Labels("y=1")),
            Make.Node("c")
        );
        var pod = Make.Info("p", with: s =>
            s.Affinity = new()
            {
                NodeAffinity = new()
                {
                    PreferredDuringSchedulingIgnoredDuringExecution =
                    [
                        new() { Weight = 30, Preference = Make.Term(("x", "Exists", [])) },
                        new() { Weight = 10, Preference = Make.Term(("y", "Exists", [])) },
                    ],
                },
            }
        );
        Assert.Equal([100, 25, 0], Of(new NodeAffinityScore(new()), pod, cluster));
        Assert.False(Says(new NodeAffinityScore(new()), Make.Info("p"), cluster));
    }

    [Fact]
    public void Soft_taints_lower_the_score()
    {
        var cluster = Make.Cluster(
            Make.Node("a", taints: [Make.Taint("x", effect: "PreferNoSchedule"), Make.Taint("y", effect: "PreferNoSchedule")]),
            Make.Node("b", taints: [Make.Taint("x", effect: "PreferNoSchedule"), Make.Taint("z")]),
            Make.Node("c")
        );
        Assert.Equal([0, 50, 100], Of(new TaintTolerationScore(), Make.Info("p"), cluster));
        var tolerant = Make.Info("p", with: s => s.Tolerations = [new() { OperatorProperty = "Exists" }]);
        Assert.Equal([100, 100, 100], Of(new TaintTolerationScore(), tolerant, cluster));
    }

    [Fact]
    public void Image_locality_counts_size_by_spread()
    {
        const long mebibyte = 1 << 20;
        var cluster = Make.Cluster(
            Make.Node("a", images: new Dictionary<string, long> { ["busybox:latest"] = 1000 * mebibyte }),
            Make.Node("b", images: new Dictionary<string, long> { ["localhost:5000/busybox:latest"] = 1000 * mebibyte })
        );
        // Half of the nodes have it: (500 - 23) / (1000 - 23).
        Assert.Equal([48, 0], Of(new ImageLocalityScore(), Make.Info("p"), cluster));
        Assert.Equal(
            [0, 48],
            Of(new ImageLocalityScore(), Make.Info("p", with: s => s.Containers[0].Image = "localhost:5000/busybox"), cluster)
        );
    }

    [Fact]
    public void Pods_of_one_controller_spread_over_nodes_and_zones()
    {
        var cluster = Make.Cluster(
            Make.Node("a1", labels: Make.Labels(Zone + "=a")),
            Make.Node("a2", labels: Make.Labels(Zone + "=a")),
            Make.Node("b1", labels: Make.Labels(Zone + "=b"))
        );
        cluster.Place(Make.Info("one", owner: "rs"), "a1");
        cluster.Place(Make.Info("stranger", owner: "other"), "b1");
        var scores = Of(new PodTopologySpreadScore(new()), Make.Info("p", owner: "rs"), cluster);
        Assert.True(scores[2] == 100 && scores[2] > scores[1] && scores[1] > scores[0], string.Join(' ', scores));
        Assert.False(Says(new PodTopologySpreadScore(new()), Make.Info("p"), cluster));
    }

    [Fact]
    public void Soft_constraints_replace_the_defaults_and_ignore_nodes_without_the_label()
    {
        var cluster = Make.Cluster(
            Make.Node("a", labels: Make.Labels("rack=1")),
            Make.Node("b", labels: Make.Labels("rack=2")),
            Make.Node("c")
        );
        cluster.Place(Make.Info("w", labels: Make.Labels("app=web")), "a");
        var pod = Make.Info("p", owner: "rs", labels: Make.Labels("app=web"), with: s => s.TopologySpreadConstraints = [
                new()
                {
                    MaxSkew = 1,
                    TopologyKey = "rack",
                    WhenUnsatisfiable = "ScheduleAnyway",
                    LabelSelector = Make.Select("app", "web"),
                },
            ]);
        Assert.Equal([0, 100, 0], Of(new PodTopologySpreadScore(new()), pod, cluster));
    }

    [Fact]
    public void Preferred_pod_affinity_pulls_and_anti_affinity_pushes()
    {
        var cluster = Make.Cluster(Make.Node("a"), Make.Node("b"), Make.Node("c"));
        cluster.Place(Make.Info("db", labels: Make.Labels("app=db")), "a");
        cluster.Place(Make.Info("web", labels: Make.Labels("app=web")), "b");
        V1WeightedPodAffinityTerm Term(int weight, string app) =>
            new()
            {
                Weight = weight,
                PodAffinityTerm = new() { TopologyKey = "kubernetes.io/hostname", LabelSelector = Make.Select("app", app) },
            };
        var pod = Make.Info("p", with: s => s.Affinity = new()
            {
                PodAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = [Term(60, "db")] },
                PodAntiAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = [Term(40, "web")] },
            });
        Assert.Equal([100, 0, 40], Of(new InterPodAffinityScore(new()), pod, cluster));
        Assert.False(Says(new InterPodAffinityScore(new()), Make.Info("x"), cluster));
    }

    [Fact]
    public void Those_that_need_a_pods_company_pull_it()
    {
        var cluster = Make.Cluster(Make.Node("a"), Make.Node("b"));
        cluster.Place(Make.Info("needy", with: s => s.Affinity = Make.Near("app", "web", "kubernetes.io/hostname")), "b");
        Assert.Equal([0, 100], Of(new InterPodAffinityScore(new()), Make.Info("p", labels: Make.Labels("app=web")), cluster));
    }

    private static bool Says(IScorePlugin plugin, PodInfo pod, ClusterState cluster) => plugin.For(pod, cluster) is not null;

    private static long[] Of(IScorePlugin plugin, PodInfo pod, ClusterState cluster)
    {
        var nodes = cluster.Nodes.Select(n => n.Slot).ToArray();
        var score = plugin.For(pod, cluster);
        Assert.NotNull(score);
        score.Prepare(nodes);
        long[] scores = [.. nodes.Select(score.Of)];
        score.Normalize(nodes, scores);
        return scores;
    }
}
