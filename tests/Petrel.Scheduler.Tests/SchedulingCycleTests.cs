using CsCheck;
using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests;

public sealed class SchedulingCycleTests
{
    [Fact]
    public void The_failure_counts_nodes_by_reason_in_upstreams_words()
    {
        var cluster = Make.Cluster(
            Make.Node("n1", cpu: "1"),
            Make.Node("n2", cpu: "1", memory: "1Mi"),
            Make.Node("n3", unschedulable: true),
            Make.Node("n4", taints: [Make.Taint("node.kubernetes.io/not-ready")])
        );
        var placement = Schedule(Make.Info("p", "2", "1Gi"), cluster);
        Assert.Equal(
            "0/4 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, "
                + "2 Insufficient cpu.",
            placement.Message
        );
        Assert.Null(placement.NodeName);
        Assert.True(placement.RetryOn.HasFlag(ClusterEvents.NodeTaints | ClusterEvents.NodeAllocatable | ClusterEvents.PodDeleted));
    }

    [Fact]
    public void Three_full_nodes_read_as_users_know_it() =>
        Assert.Equal(
            "0/3 nodes are available: 3 Insufficient cpu.",
            Schedule(Make.Info("p", "100"), Make.Cluster(Make.Node("a"), Make.Node("b"), Make.Node("c"))).Message
        );

    [Fact]
    public void Without_nodes_the_message_says_so()
    {
        var placement = Schedule(Make.Info("p"), Make.Cluster());
        Assert.Equal("no nodes available to schedule pods", placement.Message);
        Assert.Equal(ClusterEvents.NodeAdded, placement.RetryOn);
    }

    [Fact]
    public void A_pod_that_names_its_node_is_not_tried_on_the_others()
    {
        var cluster = Make.Cluster(Make.Node("a"), Make.Node("b", cpu: "1"), Make.Node("c"));
        var term = new V1NodeSelectorTerm
        {
            MatchFields =
            [
                new()
                {
                    Key = "metadata.name",
                    OperatorProperty = "In",
                    Values = ["b"],
                },
            ],
        };
        PodInfo Daemon(string cpu) =>
            Make.Info("d", cpu, with: s =>
                s.Affinity = new()
                {
                    NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [term] } },
                }
            );
        Assert.Equal("b", Schedule(Daemon("1"), cluster).NodeName);
        Assert.Equal(
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
            Schedule(Daemon("2"), cluster).Message
        );
    }

    [Fact]
    public void Replicas_spread_evenly()
    {
        var cluster = Make.Cluster([.. Enumerable.Range(0, 4).Select(i => Make.Node($"n{i}"))]);
        var cycle = Cycle(cluster, 1);
        for (var i = 0; i < 12; i++)
        {
            var pod = Make.Info($"p{i}", owner: "rs");
            cluster.Place(pod, cycle.Schedule(pod).NodeName!, assumed: true);
        }
        Assert.All(cluster.Nodes, node => Assert.Equal(3, node.Pods.Count));
    }

    [Fact]
    public void Ties_are_broken_by_the_seed_fairly_and_repeatably()
    {
        var cluster = Make.Cluster([.. Enumerable.Range(0, 5).Select(i => Make.Node($"n{i}"))]);
        string[] Choices(ulong seed)
        {
            var cycle = Cycle(cluster, seed);
            return [.. Enumerable.Range(0, 1000).Select(_ => cycle.Schedule(Make.Info("p", "1")).NodeName!)];
        }
        Assert.Equal(Choices(3), Choices(3));
        Assert.NotEqual(Choices(3), Choices(4));
        Assert.All(Choices(3).CountBy(name => name), count => Assert.InRange(count.Value, 140, 260));
    }

    [Fact]
    public void In_a_large_cluster_the_search_ends_early_and_goes_round()
    {
        var cluster = Make.Cluster([.. Enumerable.Range(0, 1000).Select(i => Make.Node($"n{i:d4}"))]);
        // 1,000 nodes: 50 - 1000/125 = 42 % are enough.
        var cycle = Cycle(cluster, 1);
        var chosen = Enumerable.Range(0, 300).Select(_ => int.Parse(cycle.Schedule(Make.Info("p")).NodeName![1..])).ToArray();
        Assert.InRange(chosen[0], 0, 419);
        Assert.InRange(chosen[1], 420, 839);
        Assert.Contains(chosen, n => n >= 840);
    }

    [Fact]
    public void Whatever_is_asked_the_chosen_node_satisfies_it_and_nothing_is_overcommitted()
    {
        var nodes = Gen.Select(Gen.Int[0, 8], Gen.Int[1, 8], Gen.Int[1, 6], Gen.Int[0, 2], Gen.Bool, Gen.Int[0, 2]).Array[1, 8];
        var pods = Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40], Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 3], Gen.Int[0, 2]).Array[1, 40];
        Gen.Select(nodes, pods, Gen.ULong)
            .Sample(
                (nodeShapes, podShapes, seed) =>
                {
                    var cluster = Make.Cluster([.. nodeShapes.Select((n, i) => Node(i, n))]);
                    var cycle = Cycle(cluster, seed);
                    foreach (var (shape, i) in podShapes.Select((p, i) => (p, i)))
                    {
                        var pod = Pod(i, shape);
                        var fitting = cluster.Nodes.Where(n => Naive.Fits(pod, n, cluster)).Select(n => n.Name).ToArray();
                        var placement = cycle.Schedule(pod);
                        if (placement.NodeName is null)
                        {
                            Assert.Empty(fitting);
                            Assert.StartsWith(
                                $"0/{cluster.Nodes.Count} nodes are available: ",
                                placement.Message,
                                StringComparison.Ordinal
                            );
                            continue;
                        }
                        Assert.Contains(placement.NodeName, fitting);
                        cluster.Place(pod, placement.NodeName, assumed: true);
                    }
                    foreach (var node in cluster.Nodes)
                    {
                        Assert.True(node.Pods.Sum(p => p.Requests.MilliCpu) <= node.Allocatable.MilliCpu);
                        Assert.True(node.Pods.Sum(p => p.Requests.Memory) <= node.Allocatable.Memory);
                        Assert.True(node.Pods.Count <= node.Allocatable.Pods);
                    }
                },
                iter: 300
            );
    }

    private static Placement Schedule(PodInfo pod, ClusterState cluster) => Cycle(cluster, 1).Schedule(pod);

    private static SchedulingCycle Cycle(ClusterState cluster, ulong seed) =>
        new(
            ProfileFactory.Create(new(new() { Disabled = ["DefaultPreemption"] }, cluster, new NoObjects())),
            cluster,
            new SeededEntropy(seed)
        );

    private static V1Node Node(int i, (int Cpu, int Memory, int Pods, int Zone, bool Cordoned, int Taints) shape) =>
        Make.Node(
            $"n{i}",
            $"{shape.Cpu}",
            $"{shape.Memory}Gi",
            shape.Pods * 4,
            shape.Zone == 0 ? null : Make.Labels($"zone={shape.Zone}"),
            [.. Enumerable.Range(0, shape.Taints).Select(t => Make.Taint($"t{t}", effect: t == 0 ? "PreferNoSchedule" : "NoSchedule"))],
            shape.Cordoned
        );

    private static PodInfo Pod(int i, (int Cpu, int Memory, int Zone, bool Tolerates, int App, int Rule) shape) =>
        Make.Info(
            $"p{i}",
            $"{shape.Cpu * 100}m",
            $"{shape.Memory * 100}Mi",
            labels: Make.Labels($"app={shape.App}"),
            owner: $"rs{shape.App}",
            with: spec =>
            {
                spec.NodeSelector = shape.Zone == 1 ? Make.Labels("zone=1") : null;
                spec.Tolerations = shape.Tolerates ? [new() { OperatorProperty = "Exists" }] : null;
                spec.Containers[0].Ports = shape.App == 0 ? [new() { HostPort = 80, ContainerPort = 80 }] : null;
                spec.Affinity =
                    shape.Rule == 1 ? Make.Away("app", $"{shape.App}", "zone")
                    : shape.Rule == 2 ? Make.Near("app", "1", "zone")
                    : null;
            }
        );

    /// <summary>The rules again, as plainly as they can be said.</summary>
    private static class Naive
    {
        public static bool Fits(PodInfo pod, NodeInfo node, ClusterState cluster)
        {
            var spec = pod.Pod.Spec;
            var tolerant = spec.Tolerations is not null;
            var zone = node.Labels.GetValueOrDefault("zone");
            var everybody = cluster.Nodes.SelectMany(n => n.Pods.Select(p => (Pod: p, Zone: n.Labels.GetValueOrDefault("zone")))).ToArray();
            bool Near(PodAffinityTerm term, PodInfo target) =>
                everybody.Any(e => e.Pod == target && e.Zone is not null && e.Zone == zone) && term.Selects(target, cluster);
            var company =
                pod.RequiredAffinity.Length == 0
                || (
                    zone is not null
                    && (
                        everybody.Any(e => Near(pod.RequiredAffinity[0], e.Pod))
                        || (
                            pod.RequiredAffinity[0].Selects(pod, cluster)
                            && !everybody.Any(e => e.Zone is not null && pod.RequiredAffinity[0].Selects(e.Pod, cluster))
                        )
                    )
                );
            return (tolerant || (!node.IsUnschedulable && node.Taints.All(t => t.Effect != "NoSchedule")))
                && (spec.NodeSelector is null || zone == "1")
                && (spec.Containers[0].Ports is null || node.Pods.All(p => p.Pod.Spec.Containers[0].Ports is null))
                && node.Pods.Count < node.Allocatable.Pods
                && (
                    pod.Requests.MilliCpu == 0
                    || node.Pods.Sum(p => p.Requests.MilliCpu) + pod.Requests.MilliCpu <= node.Allocatable.MilliCpu
                )
                && (pod.Requests.Memory == 0 || node.Pods.Sum(p => p.Requests.Memory) + pod.Requests.Memory <= node.Allocatable.Memory)
                && company
                && pod.RequiredAntiAffinity.All(t => !everybody.Any(e => Near(t, e.Pod)))
                && everybody.All(e => e.Zone is null || e.Zone != zone || e.Pod.RequiredAntiAffinity.All(t => !t.Selects(pod, cluster)));
        }
    }
}
