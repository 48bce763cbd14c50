using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.DaemonSets;
using Petrel.Model.Determinism;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.DaemonSets.DaemonSetObjects;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>Which nodes run a daemon pod, and how pods name their node.</summary>
public sealed class DaemonPlacementTests
{
    [Theory]
    [InlineData("node.kubernetes.io/not-ready", "NoExecute", true, true)]
    [InlineData("node.kubernetes.io/unreachable", "NoExecute", true, true)]
    [InlineData("node.kubernetes.io/disk-pressure", "NoSchedule", true, true)]
    [InlineData("node.kubernetes.io/memory-pressure", "NoSchedule", true, true)]
    [InlineData("node.kubernetes.io/pid-pressure", "NoSchedule", true, true)]
    [InlineData("node.kubernetes.io/unschedulable", "NoSchedule", true, true)]
    [InlineData("node.kubernetes.io/network-unavailable", "NoSchedule", false, true)]
    [InlineData("node.kubernetes.io/not-ready", "NoSchedule", false, true)]
    [InlineData("mine", "NoSchedule", false, true)]
    [InlineData("mine", "NoExecute", false, false)]
    [InlineData("mine", "PreferNoSchedule", true, true)]
    public void Daemon_pods_tolerate_the_taints_of_node_problems_and_no_others(string key, string effect, bool run, bool stay) =>
        Assert.Equal((run, stay), new DaemonPlacement(Set()).On(Node("n1", Taint(key, effect))));

    [Fact]
    public void A_pod_on_the_host_network_tolerates_an_unavailable_network()
    {
        var set = Set(s => s.Spec.Template.Spec.HostNetwork = true);
        Assert.Equal((true, true), new DaemonPlacement(set).On(Node("n1", Taint("node.kubernetes.io/network-unavailable", "NoSchedule"))));
    }

    [Fact]
    public void The_templates_tolerations_count()
    {
        var set = Set(s =>
            s.Spec.Template.Spec.Tolerations = [
                new()
                {
                    Key = "mine",
                    OperatorProperty = "Equal",
                    Value = "x",
                    Effect = "NoExecute",
                },
            ]
        );
        Assert.Equal((true, true), new DaemonPlacement(set).On(Node("n1", Taint("mine", "NoExecute", "x"))));
        Assert.Equal((false, false), new DaemonPlacement(set).On(Node("n1", Taint("mine", "NoExecute", "y"))));
        var all = Set(s => s.Spec.Template.Spec.Tolerations = [new() { OperatorProperty = "Exists" }]);
        Assert.Equal((true, true), new DaemonPlacement(all).On(Node("n1", Taint("mine", "NoExecute", "y"), Taint("other", "NoSchedule"))));
    }

    [Fact]
    public void The_node_selector_and_the_node_name_count()
    {
        var selected = new DaemonPlacement(
            Set(s => s.Spec.Template.Spec.NodeSelector = new Dictionary<string, string> { ["kubernetes.io/hostname"] = "n1" })
        );
        Assert.Equal((true, true), selected.On(Node("n1")));
        Assert.Equal((false, false), selected.On(Node("n2")));
        var named = new DaemonPlacement(Set(s => s.Spec.Template.Spec.NodeName = "n1"));
        Assert.Equal((true, true), named.On(Node("n1")));
        Assert.Equal((false, false), named.On(Node("n2")));
    }

    [Theory]
    [InlineData("In", "n1,n2", true)]
    [InlineData("NotIn", "n1", false)]
    [InlineData("Exists", "", true)]
    [InlineData("DoesNotExist", "", false)]
    [InlineData("Gt", "5", false)]
    [InlineData("Lt", "1,2", false)]
    [InlineData("Nonsense", "n1", false)]
    public void Required_node_affinity_counts(string operation, string values, bool run)
    {
        var set = Set(s =>
            s.Spec.Template.Spec.Affinity = Required(
                new V1NodeSelectorTerm
                {
                    MatchExpressions =
                    [
                        new()
                        {
                            Key = "kubernetes.io/hostname",
                            OperatorProperty = operation,
                            Values = values.Length == 0 ? null : values.Split(','),
                        },
                    ],
                }
            )
        );
        Assert.Equal((run, run), new DaemonPlacement(set).On(Node("n1")));
    }

    [Fact]
    public void Any_matching_term_is_enough_and_an_empty_term_matches_nothing()
    {
        var name = new V1NodeSelectorTerm
        {
            MatchFields =
            [
                new()
                {
                    Key = "metadata.name",
                    OperatorProperty = "In",
                    Values = ["n1"],
                },
            ],
        };
        var number = new V1NodeSelectorTerm
        {
            MatchExpressions =
            [
                new()
                {
                    Key = "cores",
                    OperatorProperty = "Gt",
                    Values = ["4"],
                },
            ],
        };
        var placement = new DaemonPlacement(Set(s => s.Spec.Template.Spec.Affinity = Required(new(), name, number)));
        Assert.True(placement.On(Node("n1")).ShouldRun);
        Assert.False(placement.On(Node("n2")).ShouldRun);
        var big = Node("n3");
        big.Metadata.Labels["cores"] = "8";
        Assert.True(placement.On(big).ShouldRun);
    }

    [Fact]
    public void A_pods_affinity_matches_its_node_only_and_it_has_the_daemon_tolerations()
    {
        var set = Set(s =>
        {
            s.Spec.Template.Spec.Affinity = Required(
                new V1NodeSelectorTerm { MatchExpressions = [new() { Key = "x", OperatorProperty = "Exists" }] }
            );
            s.Spec.Template.Spec.Affinity.PodAntiAffinity = new();
            s.Spec.Template.Spec.Tolerations =
            [
                new()
                {
                    Key = "node.kubernetes.io/not-ready",
                    OperatorProperty = "Exists",
                    Effect = "NoExecute",
                    TolerationSeconds = 5,
                },
            ];
        });
        var pod = DaemonPod.For(set, "n7", "h", new SeededEntropy(1));
        Assert.Equal("n7", DaemonPod.TargetNode(pod));
        Assert.Null(pod.Spec.NodeName);
        var term = Assert.Single(pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms);
        Assert.Null(term.MatchExpressions);
        Assert.NotNull(pod.Spec.Affinity.PodAntiAffinity);
        Assert.Equal("h", pod.Metadata.Labels["controller-revision-hash"]);
        Assert.Equal(6, pod.Spec.Tolerations.Count);
        Assert.Null(pod.Spec.Tolerations[0].TolerationSeconds);
        Assert.StartsWith("agent-", pod.Metadata.Name, StringComparison.Ordinal);
        // The shared template is unchanged.
        Assert.NotNull(
            Assert
                .Single(set.Spec.Template.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms)
                .MatchExpressions
        );
        Assert.Single(set.Spec.Template.Spec.Tolerations);
    }

    [Fact]
    public void The_template_generation_counts_if_the_set_has_it()
    {
        var set = Set(s => s.Metadata.Annotations = new Dictionary<string, string> { ["deprecated.daemonset.template.generation"] = "3" });
        var pod = DaemonPod.For(set, "n1", "h", new SeededEntropy(1));
        Assert.Equal("3", pod.Metadata.Labels["pod-template-generation"]);
        Assert.True(DaemonPod.IsUpdated(set, pod, "other"));
        Assert.True(DaemonPod.IsUpdated(Set(), pod, "h"));
        Assert.False(DaemonPod.IsUpdated(Set(), pod, "other"));
        Assert.False(DaemonPod.IsUpdated(Set(), new() { Metadata = new() }, ""));
    }

    [Fact]
    public void A_pod_whose_affinity_names_several_nodes_has_no_target()
    {
        Assert.Null(DaemonPod.TargetNode(new() { Spec = new() }));
        Assert.Null(
            DaemonPod.TargetNode(
                new()
                {
                    Spec = new()
                    {
                        Affinity = Required(
                            new V1NodeSelectorTerm
                            {
                                MatchFields =
                                [
                                    new()
                                    {
                                        Key = "metadata.name",
                                        OperatorProperty = "In",
                                        Values = ["a", "b"],
                                    },
                                ],
                            }
                        ),
                    },
                }
            )
        );
        Assert.Equal("n1", DaemonPod.TargetNode(new() { Spec = new() { NodeName = "n1" } }));
    }

    private static V1Affinity Required(params V1NodeSelectorTerm[] terms) =>
        new() { NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = terms } } };
}
