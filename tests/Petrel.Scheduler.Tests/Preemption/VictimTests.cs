using CsCheck;
using k8s.Models;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Preemption;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests.Preemption;

/// <summary>Which pods are preempted on which node, without an API.</summary>
public sealed class VictimTests
{
    private readonly Objects _objects = new();

    [Fact]
    public void As_few_go_as_can_and_the_least_important_ones()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "4"));
        Place(cluster, "n", Pod("mid", 5), Pod("low", 1), Pod("lower", 0), Pod("peer", 10));
        Assert.Equal("n: lower", Preempt(cluster, Pod("p", 10)));
        Assert.Equal("n: low lower", Preempt(cluster, Pod("p", 10, cpu: "2")));
        Assert.Equal("n: mid low lower", Preempt(cluster, Pod("p", 10, cpu: "3")));
        Assert.Equal(
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient cpu.",
            Preempt(cluster, Pod("p", 10, cpu: "4"))
        );
    }

    [Fact]
    public void A_large_victim_is_not_joined_by_small_ones_that_its_end_makes_unnecessary()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "4"));
        Place(cluster, "n", Pod("large", 5, cpu: "3"), Pod("small", 1));
        Assert.Equal("n: large", Preempt(cluster, Pod("p", 10, cpu: "3")));
    }

    [Fact]
    public void Of_equals_the_youngest_goes()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "3"));
        Place(cluster, "n", Pod("old", 1, start: 10), Pod("young", 1, start: 30), Pod("middle", 1, start: 20));
        Assert.Equal("n: young", Preempt(cluster, Pod("p", 10)));
    }

    [Fact]
    public void Nobody_of_the_same_priority_goes()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "1"));
        Place(cluster, "n", Pod("peer", 10));
        Assert.Equal(
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found "
                + "for incoming pod.",
            Preempt(cluster, Pod("p", 10))
        );
    }

    [Fact]
    public void Where_leaving_pods_can_not_help_nobody_is_asked_to_leave()
    {
        var cluster = Make.Cluster(
            Make.Node("small", cpu: "1"),
            Make.Node("tainted", taints: [Make.Taint("a")]),
            Make.Node("full", cpu: "2")
        );
        Place(cluster, "small", Pod("a", 0));
        Place(cluster, "full", Pod("b", 10), Pod("c", 10));
        Assert.Equal(
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: 0/3 nodes are "
                + "available: 1 No preemption victims found for incoming pod, "
                + "2 Preemption is not helpful for scheduling.",
            Preempt(cluster, Pod("p", 10, cpu: "2"))
        );
    }

    [Fact]
    public void A_pod_that_never_preempts_says_so()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "1"));
        Place(cluster, "n", Pod("low", 0));
        Assert.Equal(
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.",
            Preempt(cluster, Pod("p", 10, with: s => s.PreemptionPolicy = "Never"))
        );
    }

    [Fact]
    public void Who_is_in_the_way_of_anti_affinity_goes()
    {
        var cluster = Make.Cluster(Make.Node("n"));
        Place(cluster, "n", Pod("web", 1, labels: "app=web"), Pod("other", 0, labels: "app=other"));
        Assert.Equal("n: web", Preempt(cluster, Pod("p", 10, with: s => s.Affinity = Make.Away("app", "web", "kubernetes.io/hostname"))));
    }

    [Fact]
    public void A_budget_spares_its_pods_as_long_as_others_can_go()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "2"));
        Place(cluster, "n", Pod("low", 0, labels: "app=web"), Pod("mid", 5, labels: "app=db"));
        Assert.Equal("n: low", Preempt(cluster, Pod("p", 10)));
        _objects.Budgets.Add(Budget("web", 0));
        Assert.Equal("n: mid", Preempt(cluster, Pod("p", 10)));
        _objects.Budgets.Add(Budget("db", 0));
        // Budgets protect both: the less important pod is preempted nevertheless.
        Assert.Equal("n: low (1 against budgets)", Preempt(cluster, Pod("p", 10)));
        _objects.Budgets[0].Status.DisruptedPods = new Dictionary<string, DateTime?> { ["low"] = default(DateTime) };
        // The budget's status already counts its disruption.
        Assert.Equal("n: low", Preempt(cluster, Pod("p", 10)));
    }

    [Fact]
    public void A_budget_is_used_up_by_the_victims_before()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "3"));
        Place(cluster, "n", Pod("a", 0, labels: "app=web"), Pod("b", 0, labels: "app=web"), Pod("c", 0, labels: "app=web"));
        _objects.Budgets.Add(Budget("web", 1));
        Assert.Equal("n: a b c (2 against budgets)", Preempt(cluster, Pod("p", 10, cpu: "3")));
    }

    [Fact]
    public void The_node_with_the_least_harm_is_taken_by_upstreams_order()
    {
        static PodInfo Victim(int priority, int start = 0) => Pod($"v{priority}", priority, start: start);
        static string Best(params Candidate[] candidates) => CandidateSelection.Best(candidates).Node;

        Assert.Equal("b", Best(new("a", [Victim(0)], 1), new("b", [Victim(9), Victim(9)], 0)));
        Assert.Equal("b", Best(new("a", [Victim(5)], 0), new("b", [Victim(4), Victim(4)], 0)));
        Assert.Equal("b", Best(new("a", [Victim(5), Victim(4)], 0), new("b", [Victim(5), Victim(3)], 0)));
        // Negative priorities do not make many victims better than few.
        Assert.Equal("b", Best(new("a", [Victim(-5), Victim(-5)], 0), new("b", [Victim(-5)], 0)));
        Assert.Equal("b", Best(new("a", [Victim(5, start: 1)], 0), new("b", [Victim(5, start: 2)], 0)));
        Assert.Equal("a", Best(new("a", [Victim(5)], 0), new("b", [Victim(5)], 0)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 100)]
    [InlineData(500, 100)]
    [InlineData(5000, 500)]
    public void So_many_candidates_are_enough(int nodes, int enough) => Assert.Equal(enough, CandidateSelection.Enough(nodes));

    [Fact]
    public void A_place_that_is_being_made_is_kept_from_lower_and_equal_pods_but_not_from_higher_ones()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "2"));
        Place(cluster, "n", Pod("there", 10));
        var waiting = Pod("waiting", 10);
        cluster.Nominations.Set(waiting, "n");
        Assert.StartsWith("0/1 nodes are available: 1 Insufficient cpu.", Preempt(cluster, Pod("low", 0)), StringComparison.Ordinal);
        Assert.StartsWith("0/1 nodes are available: 1 Insufficient cpu.", Preempt(cluster, Pod("equal", 10)), StringComparison.Ordinal);
        Assert.Equal("n", Preempt(cluster, Pod("high", 11)));
        Assert.Equal("n", Preempt(cluster, waiting));
    }

    [Fact]
    public void Who_waits_for_the_place_with_less_priority_waits_no_more()
    {
        var cluster = Make.Cluster(Make.Node("n", cpu: "1"));
        Place(cluster, "n", Pod("low", 0));
        cluster.Nominations.Set(Pod("waiting", 5), "n");
        Assert.Equal("n: low", Preempt(cluster, Pod("high", 10)));
        Assert.Null(cluster.Nominations.NodeOf("uid-default-waiting"));
    }

    [Fact]
    public void A_pod_whose_victims_still_end_makes_no_more_of_them_unless_its_node_is_lost()
    {
        var cluster = Make.Cluster(Make.Node("a", cpu: "1"), Make.Node("b", cpu: "1"));
        Place(cluster, "a", Pod("ending", 0, ending: true));
        Place(cluster, "b", Pod("other", 0));
        var pod = Pod("p", 10);
        cluster.Nominations.Set(pod, "a");
        Assert.Equal(
            "0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.",
            Preempt(cluster, pod)
        );
        cluster.SetNode(Make.Node("a", cpu: "1", unschedulable: true));
        Assert.Equal("b: other", Preempt(cluster, pod));
    }

    [Fact]
    public void Every_victim_is_needed_and_all_of_them_are_enough_and_nothing_is_left_of_the_trial() =>
        Gen.ULong.Sample(
            seed =>
            {
                var dice = new SeededEntropy(seed);
                var cluster = Make.Cluster([
                    .. Enumerable.Range(0, 3).Select(i => Make.Node($"n{i}", cpu: $"{2 + dice.Next(4)}", pods: 3 + dice.Next(4))),
                ]);
                for (var i = 0; i < 14; i++)
                {
                    var other = RandomPod(dice, $"o{i}");
                    if (Cycle(cluster).Schedule(other, (_, _) => null).NodeName is { } node)
                    {
                        cluster.Place(other, node);
                    }
                }
                var pod = RandomPod(dice, "p", priority: 3 + dice.Next(3));
                var before = Picture(cluster);
                var placement = Cycle(cluster).Schedule(pod);
                Assert.Equal(before, Picture(cluster));
                if (placement.PostFilter?.Preemption is not { } preemption)
                {
                    return;
                }
                var victims = preemption.Victims.Select(v => cluster.Find(v.Uid)!).ToArray();
                Assert.All(victims, v => Assert.True(v.Priority < pod.Priority));
                Array.ForEach(victims, v => cluster.Remove(v.Uid));
                Assert.Equal(preemption.Node, FitsOn(cluster, pod, preemption.Node));
                // With a spread constraint, one pod less on a node may violate the constraint.
                foreach (var victim in pod.Pod.Spec.TopologySpreadConstraints is null ? victims : [])
                {
                    cluster.Place(victim, preemption.Node);
                    Assert.Null(FitsOn(cluster, pod, preemption.Node));
                    cluster.Remove(victim.Uid);
                }
            },
            iter: 300,
            threads: 1
        );

    [Fact]
    public void What_is_kept_of_trials_changes_no_victim() =>
        Gen.ULong.Sample(
            seed =>
            {
                // Two clusters with the same history: one scheduler keeps results of dry runs, the other does not.
                string Live(bool keeps)
                {
                    var (dice, story) = (new SeededEntropy(seed), new List<string>());
                    var cluster = Make.Cluster([.. Enumerable.Range(0, 8).Select(i => Make.Node($"n{i}", cpu: $"{2 + dice.Next(3)}"))]);
                    var objects = new Objects();
                    var context = new PluginContext(new(), cluster, objects) { Entropy = new SeededEntropy(1) };
                    var cycle = new SchedulingCycle(ProfileFactory.Create(context), cluster, new SeededEntropy(1)) { KeepsStates = keeps };
                    for (var i = 0; i < 60; i++)
                    {
                        // Few kinds of pods, so that kept results are used.
                        var pod = Pod(
                            $"p{i}",
                            dice.Next(4),
                            $"{1 + dice.Next(2)}",
                            labels: $"app={(char)('a' + dice.Next(2))}",
                            start: dice.Next(50),
                            with: s =>
                            {
                                if (i % 17 == 3)
                                {
                                    s.Affinity = Make.Away("app", "a", "kubernetes.io/hostname");
                                }
                            }
                        );
                        var placement = cycle.Schedule(pod);
                        story.Add(
                            $"{placement.NodeName} {placement.Message} {placement.PostFilter?.Preemption?.Node} "
                                + $"{string.Join(' ', placement.PostFilter?.Preemption?.Victims.Select(v => v.Pod.Name) ?? [])}"
                        );
                        foreach (var victim in placement.PostFilter?.Preemption?.Victims ?? [])
                        {
                            cluster.Remove(victim.Uid);
                        }
                        if ((placement.NodeName ?? placement.PostFilter?.Preemption?.Node) is { } node)
                        {
                            cluster.Place(pod, node);
                        }
                        var other = cluster.Nodes[dice.Next(8)].Pods.MinBy(p => p.Key);
                        switch (dice.Next(6))
                        {
                            case 0 when other is not null:
                                // The pod starts, and its importance as a victim changes.
                                cluster.Place(
                                    Pod(
                                        other.Key.Name,
                                        other.Priority,
                                        $"{other.Requests.MilliCpu / 1000}",
                                        $"app={other.Labels["app"]}",
                                        dice.Next(50),
                                        with: s => s.Affinity = other.Pod.Spec.Affinity
                                    ),
                                    cluster.NodeOf(other.Uid)!.Name
                                );
                                break;
                            case 1 when other is not null:
                                cluster.Remove(other.Uid);
                                break;
                            case 2:
                                objects.Budgets.Clear();
                                objects.Budgets.AddRange(dice.Next(2) == 0 ? [] : [Budget("a", dice.Next(2))]);
                                break;
                            case 3:
                                cluster.Nominations.Set(Pod($"w{i}", 3), $"n{dice.Next(8)}");
                                break;
                            case 4:
                                cluster.Nominations.Remove($"uid-default-w{i - 1}");
                                break;
                        }
                    }
                    return string.Join('\n', story);
                }
                Assert.Equal(Live(false), Live(true));
            },
            iter: 150,
            threads: 1
        );

    private static string? FitsOn(ClusterState cluster, PodInfo pod, string node)
    {
        var term = new V1NodeSelectorTerm
        {
            MatchFields =
            [
                new()
                {
                    Key = "metadata.name",
                    OperatorProperty = "In",
                    Values = [node],
                },
            ],
        };
        var there = new V1Pod
        {
            Metadata = pod.Pod.Metadata,
            Spec = k8s.KubernetesJson.Deserialize<V1PodSpec>(k8s.KubernetesJson.Serialize(pod.Pod.Spec)),
        };
        there.Spec.Affinity ??= new();
        there.Spec.Affinity.NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [term] } };
        return Cycle(cluster).Schedule(new(there), (_, _) => null).NodeName;
    }

    private static string Picture(ClusterState cluster) =>
        string.Join(
            '\n',
            cluster.Nodes.Select(n =>
                $"{n.Name} {cluster.Cpu.Requested[n.Slot]} {cluster.PodCounts[n.Slot]} {cluster.Generations[n.Slot]} "
                + $"{n.UsedPorts.Count} {string.Join(',', n.Pods.Select(p => p.Key.Name).Order(StringComparer.Ordinal))}"
            )
        );

    private static PodInfo RandomPod(SeededEntropy dice, string name, int? priority = null)
    {
        var app = $"app={(char)('a' + dice.Next(3))}";
        var kind = dice.Next(5);
        return Pod(name, priority ?? dice.Next(4), $"{500 * (1 + dice.Next(4))}m", labels: app, start: dice.Next(50), with: s =>
        {
            if (kind == 0)
            {
                s.Affinity = Make.Away("app", $"{(char)('a' + dice.Next(3))}", "kubernetes.io/hostname");
            }
            else if (kind == 1)
            {
                s.Containers[0].Ports = [new() { ContainerPort = 80, HostPort = 80 }];
            }
            else if (kind == 2)
            {
                s.TopologySpreadConstraints =
                [
                    new()
                    {
                        MaxSkew = 1,
                        TopologyKey = "kubernetes.io/hostname",
                        WhenUnsatisfiable = "DoNotSchedule",
                        LabelSelector = Make.Select("app", "a"),
                    },
                ];
            }
        });
    }

    private string Preempt(ClusterState cluster, PodInfo pod)
    {
        var placement = Cycle(cluster, _objects).Schedule(pod);
        if (placement.NodeName is not null || placement.PostFilter?.Preemption is not { } preemption)
        {
            return placement.NodeName ?? placement.Message;
        }
        var violations = preemption.Violations > 0 ? $" ({preemption.Violations} against budgets)" : "";
        return $"{preemption.Node}: {string.Join(' ', preemption.Victims.Select(v => v.Pod.Name))}{violations}";
    }

    private static SchedulingCycle Cycle(ClusterState cluster, Objects? objects = null)
    {
        var context = new PluginContext(new(), cluster, objects ?? new()) { Entropy = new SeededEntropy(1) };
        return new(ProfileFactory.Create(context), cluster, new SeededEntropy(1));
    }

    private static void Place(ClusterState cluster, string node, params PodInfo[] pods) => Array.ForEach(pods, p => cluster.Place(p, node));

    private static PodInfo Pod(
        string name,
        int priority,
        string cpu = "1",
        string? labels = null,
        int? start = null,
        bool ending = false,
        Action<V1PodSpec>? with = null
    )
    {
        var pod = Make.Pod(name, cpu, labels: labels is null ? null : Make.Labels(labels), with: with);
        pod.Spec.Priority = priority;
        pod.Status = new() { StartTime = start is { } at ? new DateTime(2026, 1, 1, 0, 0, at, DateTimeKind.Utc) : null };
        if (ending)
        {
            pod.Metadata.DeletionTimestamp = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
            pod.Status.Conditions =
            [
                new()
                {
                    Type = "DisruptionTarget",
                    Status = "True",
                    Reason = "PreemptionByScheduler",
                },
            ];
        }
        return new(pod);
    }

    private static V1PodDisruptionBudget Budget(string app, int allowed) =>
        new()
        {
            Metadata = new() { Name = app, NamespaceProperty = "default" },
            Spec = new() { Selector = Make.Select("app", app) },
            Status = new() { DisruptionsAllowed = allowed },
        };

    private sealed class Objects : IClusterObjects
    {
        public List<V1PodDisruptionBudget> Budgets { get; } = [];
        public IEnumerable<V1PodDisruptionBudget> DisruptionBudgets => Budgets;
        public IEnumerable<V1PersistentVolume> Volumes => [];

        public V1PersistentVolumeClaim? Claim(ObjectKey key) => null;

        public V1PersistentVolume? Volume(string name) => null;

        public V1StorageClass? StorageClass(string name) => null;

        public V1CSINode? CsiNode(string name) => null;
    }
}
