using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>Random nodes, pod templates and profiles of a seed, such that every rule affects some of them.</summary>
internal sealed class RandomWorld(ulong seed)
{
    private static readonly string[] Apps = ["web", "db", "cache"];
    private static readonly string[] Topologies = ["topology.kubernetes.io/zone", "rack", "kubernetes.io/hostname"];
    private readonly SeededEntropy _dice = new(seed);
    private int _pods;

    public int Roll(int sides) => _dice.Next(sides);

    public T Pick<T>(IReadOnlyList<T> from) => from[Roll(from.Count)];

    public V1Node Node(int i, bool roomy = false)
    {
        var node = Make.Node(
            $"n{i:d3}",
            $"{1 + Roll(roomy ? 30 : 4)}",
            $"{1 + Roll(roomy ? 30 : 4)}Gi",
            roomy ? 110 : 2 + Roll(6),
            images: Roll(3) == 0 ? new Dictionary<string, long> { ["busybox:latest"] = (50L + Roll(900)) << 20 } : null,
            extra: Roll(3) == 0 ? new Dictionary<string, string> { ["example.com/gpu"] = $"{Roll(4)}" } : null,
            unschedulable: Roll(12) == 0
        );
        if (Roll(6) > 0)
        {
            node.Metadata.Labels["topology.kubernetes.io/zone"] = $"z{Roll(3)}";
        }
        if (Roll(3) > 0)
        {
            node.Metadata.Labels["rack"] = $"{Roll(4)}";
        }
        if (Roll(2) == 0)
        {
            node.Metadata.Labels["disk"] = Pick<string>(["ssd", "hdd"]);
        }
        node.Metadata.Labels["cores"] = $"{Roll(9)}";
        if (Roll(10) == 0)
        {
            node.Metadata.Labels.Remove("kubernetes.io/hostname");
        }
        node.Spec.Taints = Roll(4) switch
        {
            0 => [Make.Taint("a", effect: Pick<string>(["NoSchedule", "PreferNoSchedule", "NoExecute"]))],
            1 => [Make.Taint("b", "x", "PreferNoSchedule"), Make.Taint("c", "y", "PreferNoSchedule")],
            _ => null,
        };
        return node;
    }

    /// <summary>A template of pods that differ only in name and uid.</summary>
    public Func<V1Pod> Template()
    {
        var (app, ns, owner, templateSeed) = (
            Pick(Apps),
            Roll(4) == 0 ? "other" : "default",
            Roll(3) == 0 ? $"rs{Roll(3)}" : null,
            _dice.NextUInt64()
        );
        return () => new RandomWorld(templateSeed).Pod($"p{_pods++}", app, ns, owner);
    }

    public ProfileSettings Profile() =>
        new()
        {
            Weights =
                Roll(3) == 0 ? new Dictionary<string, int> { ["ImageLocality"] = 1 + Roll(5), ["NodeResourcesFit"] = 1 + Roll(5) } : new(),
            DisabledScores = Roll(5) == 0 ? ["TaintToleration"] : [],
            NodeResourcesFit = new()
            {
                Strategy = (ScoringStrategy)Roll(3),
                Shape = Roll(2) == 0 ? [new(0, 10), new(60, 3), new(100, 0)] : [new(0, 0), new(100, 10)],
                Resources = Roll(2) == 0 ? [new("cpu"), new("memory")] : [new("cpu", 3), new("example.com/gpu", 5), new("memory")],
                IgnoredResources = Roll(5) == 0 ? ["example.com/gpu"] : [],
            },
            NodeResourcesBalancedAllocation = new()
            {
                Resources =
                    Roll(3) == 0
                        ? [new("cpu"), new("memory"), new("ephemeral-storage"), new("example.com/gpu")]
                        : [new("cpu"), new("memory")],
            },
            NodeAffinity = new()
            {
                AddedAffinity =
                    Roll(8) == 0
                        ? new()
                        {
                            RequiredDuringSchedulingIgnoredDuringExecution =
                                Roll(2) == 0 ? new() { NodeSelectorTerms = [Make.Term(("cores", "Gt", ["1"]))] } : null,
                            PreferredDuringSchedulingIgnoredDuringExecution =
                            [
                                new() { Weight = 7, Preference = Make.Term(("disk", "Exists", [])) },
                            ],
                        }
                        : null,
            },
            InterPodAffinity = new() { HardPodAffinityWeight = Roll(2) * 40, IgnorePreferredTermsOfExistingPods = Roll(4) == 0 },
            PodTopologySpread =
                Roll(4) == 0
                    ? new()
                    {
                        Defaulting = DefaultSpread.List,
                        DefaultConstraints =
                        [
                            new()
                            {
                                TopologyKey = "topology.kubernetes.io/zone",
                                MaxSkew = 2,
                                WhenUnsatisfiable = "DoNotSchedule",
                            },
                            new()
                            {
                                TopologyKey = "kubernetes.io/hostname",
                                MaxSkew = 1,
                                WhenUnsatisfiable = "ScheduleAnyway",
                            },
                        ],
                    }
                    : new(),
        };

    private V1Pod Pod(string name, string app, string ns, string? owner)
    {
        var labels = Make.Labels($"app={app}", $"version={Roll(2)}");
        return Make.Pod(
            name,
            Roll(4) == 0 ? null : $"{Roll(12) * 100}m",
            Roll(4) == 0 ? null : $"{Roll(12) * 100}Mi",
            labels: labels,
            owner: owner,
            ns: ns,
            with: spec =>
            {
                Resources(spec);
                spec.Tolerations = Roll(3) switch
                {
                    0 => [new() { OperatorProperty = "Exists" }],
                    1 =>
                    [
                        new()
                        {
                            Key = "a",
                            OperatorProperty = "Exists",
                            Effect = "NoSchedule",
                        },
                        new() { Key = "b", Value = "x" },
                    ],
                    _ => null,
                };
                spec.NodeSelector = Roll(8) == 0 ? Make.Labels("disk=ssd") : null;
                spec.Containers[0].Ports =
                    Roll(8) == 0
                        ?
                        [
                            new()
                            {
                                ContainerPort = 1,
                                HostPort = 80 + Roll(2),
                                HostIP = Pick<string>(["", "10.0.0.1", "0.0.0.0"]),
                                Protocol = Pick<string>(["TCP", "UDP"]),
                            },
                        ]
                        : null;
                spec.Affinity = new() { NodeAffinity = Roll(3) == 0 ? NodeAffinity() : null };
                if (Roll(3) == 0)
                {
                    spec.Affinity.PodAffinity = new()
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = Roll(2) == 0 ? [.. Some(2, Term)] : null,
                        PreferredDuringSchedulingIgnoredDuringExecution = [.. Some(2, Weighted)],
                    };
                }
                if (Roll(3) == 0)
                {
                    spec.Affinity.PodAntiAffinity = new()
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = Roll(2) == 0 ? [.. Some(2, Term)] : null,
                        PreferredDuringSchedulingIgnoredDuringExecution = [.. Some(2, Weighted)],
                    };
                }
                spec.TopologySpreadConstraints = Roll(3) == 0 ? [.. Some(3, Constraint)] : null;
            }
        );
    }

    private void Resources(V1PodSpec spec)
    {
        if (Roll(5) == 0)
        {
            spec.InitContainers =
            [
                Make.Container("i", "900m", "50Mi"),
                Make.Container("s", "100m", sidecar: true),
                Make.Container("j", "700m", "1Gi"),
            ];
        }
        if (Roll(6) == 0)
        {
            spec.Containers[0].Resources.Requests["example.com/gpu"] = new($"{Roll(3)}");
        }
        if (Roll(6) == 0)
        {
            spec.Overhead = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("50m"), ["memory"] = new("10Mi") };
        }
        if (Roll(6) == 0)
        {
            spec.Resources = new()
            {
                Requests = new Dictionary<string, ResourceQuantity> { [Pick<string>(["cpu", "memory"])] = new(Roll(2) == 0 ? "1" : "2") },
            };
        }
        if (Roll(8) == 0)
        {
            spec.Containers[0].Resources.Requests["ephemeral-storage"] = new("3Gi");
        }
    }

    private V1NodeAffinity NodeAffinity() =>
        new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution = Roll(3) switch
            {
                0 => new()
                {
                    NodeSelectorTerms = [Make.Term(("disk", "In", ["ssd"])), Make.Term(("cores", "Gt", ["3"]), ("rack", "Exists", []))],
                },
                1 when Roll(2) == 0 => new()
                {
                    NodeSelectorTerms =
                    [
                        new()
                        {
                            MatchFields =
                            [
                                new()
                                {
                                    Key = "metadata.name",
                                    OperatorProperty = "In",
                                    Values = [$"n{Roll(6):d3}"],
                                },
                            ],
                        },
                    ],
                },
                _ => null,
            },
            PreferredDuringSchedulingIgnoredDuringExecution =
                Roll(2) == 0
                    ?
                    [
                        new() { Weight = 1 + Roll(100), Preference = Make.Term(("disk", "NotIn", ["hdd"])) },
                        new() { Weight = 1 + Roll(100), Preference = Make.Term(("rack", "In", ["1", "2"])) },
                    ]
                    : null,
        };

    private V1WeightedPodAffinityTerm Weighted() => new() { Weight = 1 + Roll(100), PodAffinityTerm = Term() };

    private V1PodAffinityTerm Term() =>
        new()
        {
            TopologyKey = Pick(Topologies),
            LabelSelector = Make.Select("app", Pick(Apps)),
            Namespaces = Roll(5) == 0 ? ["other"] : null,
            NamespaceSelector = Roll(6) switch
            {
                0 => new(),
                1 => Make.Select("team", "blue"),
                _ => null,
            },
            MatchLabelKeys = Roll(6) == 0 ? ["version"] : null,
            MismatchLabelKeys = Roll(8) == 0 ? ["version"] : null,
        };

    private V1TopologySpreadConstraint Constraint() =>
        new()
        {
            TopologyKey = Pick(Topologies),
            MaxSkew = 1 + Roll(2),
            WhenUnsatisfiable = Pick<string>(["DoNotSchedule", "ScheduleAnyway"]),
            LabelSelector = Make.Select("app", Pick(Apps)),
            MinDomains = Roll(5) == 0 ? 3 : null,
            MatchLabelKeys = Roll(5) == 0 ? ["version"] : null,
            NodeAffinityPolicy = Roll(4) == 0 ? "Ignore" : null,
            NodeTaintsPolicy = Roll(4) == 0 ? "Honor" : null,
        };

    private IEnumerable<T> Some<T>(int most, Func<T> make) => Enumerable.Range(0, 1 + Roll(most)).Select(_ => make()).ToArray();
}
