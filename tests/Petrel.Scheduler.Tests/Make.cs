using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests;

/// <summary>Builders for the nodes and pods of tests.</summary>
internal static class Make
{
    public static V1Node Node(
        string name,
        string cpu = "4",
        string memory = "8Gi",
        int pods = 110,
        IDictionary<string, string>? labels = null,
        IList<V1Taint>? taints = null,
        bool unschedulable = false,
        IDictionary<string, string>? extra = null,
        IDictionary<string, long>? images = null
    )
    {
        var allocatable = new Dictionary<string, ResourceQuantity>
        {
            ["cpu"] = new(cpu),
            ["memory"] = new(memory),
            ["pods"] = new(pods.ToString()),
            ["ephemeral-storage"] = new("10Gi"),
        };
        foreach (var (key, value) in extra ?? new Dictionary<string, string>())
        {
            allocatable[key] = new(value);
        }
        return new()
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new()
            {
                Name = name,
                Labels = new Dictionary<string, string>(labels ?? new Dictionary<string, string>()) { ["kubernetes.io/hostname"] = name },
            },
            Spec = new() { Taints = taints, Unschedulable = unschedulable ? true : null },
            Status = new()
            {
                Allocatable = allocatable,
                Images =
                [
                    .. (images ?? new Dictionary<string, long>()).Select(i => new V1ContainerImage
                    {
                        Names = [i.Key],
                        SizeBytes = i.Value,
                    }),
                ],
            },
        };
    }

    public static V1Pod Pod(
        string name,
        string? cpu = null,
        string? memory = null,
        Action<V1PodSpec>? with = null,
        IDictionary<string, string>? labels = null,
        string? owner = null,
        string ns = "default",
        string? node = null
    )
    {
        var requests = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null)
        {
            requests["cpu"] = new(cpu);
        }
        if (memory is not null)
        {
            requests["memory"] = new(memory);
        }
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = ns,
                Uid = $"uid-{ns}-{name}",
                Labels = labels,
                OwnerReferences = owner is null
                    ? null
                    :
                    [
                        new()
                        {
                            Uid = owner,
                            Controller = true,
                            Name = owner,
                            Kind = "ReplicaSet",
                            ApiVersion = "apps/v1",
                        },
                    ],
            },
            Spec = new()
            {
                SchedulerName = "default-scheduler",
                NodeName = node,
                Containers =
                [
                    new()
                    {
                        Name = "main",
                        Image = "busybox",
                        Resources = new() { Requests = requests },
                    },
                ],
            },
        };
        with?.Invoke(pod.Spec);
        return pod;
    }

    public static PodInfo Info(
        string name,
        string? cpu = null,
        string? memory = null,
        Action<V1PodSpec>? with = null,
        IDictionary<string, string>? labels = null,
        string? owner = null,
        string ns = "default"
    ) => new(Pod(name, cpu, memory, with, labels, owner, ns));

    public static ClusterState Cluster(params V1Node[] nodes)
    {
        var cluster = new ClusterState();
        foreach (var node in nodes)
        {
            cluster.SetNode(node);
        }
        return cluster;
    }

    public static V1Container Container(string name, string? cpu = null, string? memory = null, bool sidecar = false)
    {
        var requests = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null)
        {
            requests["cpu"] = new(cpu);
        }
        if (memory is not null)
        {
            requests["memory"] = new(memory);
        }
        return new()
        {
            Name = name,
            Image = "busybox",
            RestartPolicy = sidecar ? "Always" : null,
            Resources = new() { Requests = requests },
        };
    }

    public static V1Taint Taint(string key, string value = "", string effect = "NoSchedule") =>
        new()
        {
            Key = key,
            Value = value,
            Effect = effect,
        };

    public static V1NodeSelectorTerm Term(params (string Key, string Operator, string[] Values)[] expressions) =>
        new()
        {
            MatchExpressions =
            [
                .. expressions.Select(e => new V1NodeSelectorRequirement
                {
                    Key = e.Key,
                    OperatorProperty = e.Operator,
                    Values = e.Values,
                }),
            ],
        };

    public static V1LabelSelector Select(string key, string value) =>
        new() { MatchLabels = new Dictionary<string, string> { [key] = value } };

    public static V1Affinity Near(string key, string value, string topology) =>
        new()
        {
            PodAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = [new() { LabelSelector = Select(key, value), TopologyKey = topology }],
            },
        };

    public static V1Affinity Away(string key, string value, string topology) =>
        new()
        {
            PodAntiAffinity = new()
            {
                RequiredDuringSchedulingIgnoredDuringExecution = [new() { LabelSelector = Select(key, value), TopologyKey = topology }],
            },
        };

    public static Dictionary<string, string> Labels(params string[] pairs) =>
        pairs.Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
}
