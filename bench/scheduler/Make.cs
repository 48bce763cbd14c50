using System.Globalization;
using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Workloads;

namespace Petrel.Bench.Scheduler;

/// <summary>Nodes and pods as an API server would give them.</summary>
internal static class Make
{
    public static V1Node Node(int i)
    {
        var name = $"node-{i:d5}";
        return new()
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new()
            {
                Name = name,
                Labels = new Dictionary<string, string>
                {
                    [Workload.Hostname] = name,
                    [Workload.Zone] = $"zone-{i % 3}",
                    ["kubernetes.io/os"] = "linux",
                    ["kubernetes.io/arch"] = "amd64",
                },
            },
            Spec = new(),
            Status = new()
            {
                Allocatable = new Dictionary<string, ResourceQuantity>
                {
                    ["cpu"] = new("4"),
                    ["memory"] = new("32Gi"),
                    ["pods"] = new("110"),
                    ["ephemeral-storage"] = new("100Gi"),
                },
                Conditions = [new() { Type = "Ready", Status = "True" }],
            },
        };
    }

    public static V1Pod Pod(int i, string? app = null, string? owner = null, Action<V1PodSpec>? with = null)
    {
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                Name = $"pod-{i}",
                NamespaceProperty = "default",
                Uid = i.ToString("x8", CultureInfo.InvariantCulture),
                Labels = new Dictionary<string, string> { ["app"] = app ?? owner ?? "basic" },
                OwnerReferences = owner is null
                    ? null
                    :
                    [
                        new()
                        {
                            ApiVersion = "apps/v1",
                            Kind = "ReplicaSet",
                            Name = owner,
                            Uid = owner,
                            Controller = true,
                        },
                    ],
            },
            Spec = new()
            {
                SchedulerName = "default-scheduler",
                Priority = 0,
                Containers =
                [
                    new()
                    {
                        Name = "main",
                        Image = "registry.k8s.io/pause:3.10",
                        Resources = new()
                        {
                            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("100m"), ["memory"] = new("500Mi") },
                        },
                    },
                ],
                Tolerations =
                [
                    new()
                    {
                        Key = "node.kubernetes.io/not-ready",
                        OperatorProperty = "Exists",
                        Effect = "NoExecute",
                        TolerationSeconds = 300,
                    },
                    new()
                    {
                        Key = "node.kubernetes.io/unreachable",
                        OperatorProperty = "Exists",
                        Effect = "NoExecute",
                        TolerationSeconds = 300,
                    },
                ],
            },
        };
        with?.Invoke(pod.Spec);
        return pod;
    }

    public static V1NodeAffinity RequiredZones(params string[] zones) =>
        new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [new() { MatchExpressions = [InZones(zones)] }] },
        };

    public static V1NodeAffinity PreferredZone(string zone) =>
        new()
        {
            PreferredDuringSchedulingIgnoredDuringExecution =
            [
                new()
                {
                    Weight = 1,
                    Preference = new() { MatchExpressions = [InZones(zone)] },
                },
            ],
        };

    public static V1Affinity Near(string app, string topology) =>
        new() { PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term(app, topology)] } };

    public static V1Affinity Away(string app, string topology) =>
        new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [Term(app, topology)] } };

    public static V1Affinity PreferNear(string app, string topology) =>
        new()
        {
            PodAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution = [new() { Weight = 1, PodAffinityTerm = Term(app, topology) }],
            },
        };

    public static V1Affinity PreferAway(string app, string topology) =>
        new()
        {
            PodAntiAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution = [new() { Weight = 1, PodAffinityTerm = Term(app, topology) }],
            },
        };

    public static V1TopologySpreadConstraint Spread(string app, string topology, string when) =>
        new()
        {
            MaxSkew = 5,
            TopologyKey = topology,
            WhenUnsatisfiable = when,
            LabelSelector = Select(app),
        };

    private static V1NodeSelectorRequirement InZones(params string[] zones) =>
        new()
        {
            Key = Workload.Zone,
            OperatorProperty = "In",
            Values = zones,
        };

    private static V1PodAffinityTerm Term(string app, string topology) => new() { TopologyKey = topology, LabelSelector = Select(app) };

    private static V1LabelSelector Select(string app) => new() { MatchLabels = new Dictionary<string, string> { ["app"] = app } };
}
