using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.DaemonSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>DaemonSets, nodes and pods for tests of plans.</summary>
internal static class DaemonSetObjects
{
    public const string Hash = "new";

    public static readonly DateTimeOffset Now = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    public static V1DaemonSet Set(Action<V1DaemonSet>? change = null)
    {
        var labels = new Dictionary<string, string> { ["app"] = "agent" };
        var set = new V1DaemonSet
        {
            Metadata = new()
            {
                Name = "agent",
                NamespaceProperty = "default",
                Uid = "set",
                Generation = 2,
            },
            Spec = new()
            {
                Selector = new() { MatchLabels = labels },
                Template = new()
                {
                    Metadata = new() { Labels = labels },
                    Spec = new() { Containers = [new() { Name = "agent", Image = "agent:1" }] },
                },
                UpdateStrategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new() { MaxUnavailable = 1, MaxSurge = 0 },
                },
            },
        };
        change?.Invoke(set);
        return set;
    }

    public static Action<V1DaemonSet> Rolling(string maxUnavailable, string maxSurge = "0") =>
        set => set.Spec.UpdateStrategy.RollingUpdate = new() { MaxUnavailable = maxUnavailable, MaxSurge = maxSurge };

    public static V1Node Node(string name, params V1Taint[] taints) =>
        new()
        {
            Metadata = new()
            {
                Name = name,
                Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = name },
            },
            Spec = new() { Taints = taints.Length == 0 ? null : taints },
        };

    public static V1Taint Taint(string key, string effect, string? value = null) =>
        new()
        {
            Key = key,
            Effect = effect,
            Value = value,
        };

    /// <summary>
    /// A pod by a letter: R ready, S starting, U not bound, F failed, X succeeded, G being deleted; in lower case with the old template.
    /// </summary>
    public static V1Pod Pod(string node, char state, int age, double readyFor = 3600)
    {
        var kind = char.ToUpperInvariant(state);
        return new()
        {
            Metadata = new()
            {
                Name = $"{node}-{age}{state}",
                NamespaceProperty = "default",
                Uid = $"{node}-{age}",
                Labels = new Dictionary<string, string>
                {
                    ["app"] = "agent",
                    ["controller-revision-hash"] = char.IsLower(state) ? "old" : Hash,
                },
                CreationTimestamp = Now.AddMinutes(-60 - age).UtcDateTime,
                DeletionTimestamp = kind == 'G' ? Now.UtcDateTime : null,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "DaemonSet",
                        Name = "agent",
                        Uid = "set",
                        Controller = true,
                    },
                ],
            },
            Spec = new()
            {
                NodeName = kind == 'U' ? null : node,
                Affinity = new()
                {
                    NodeAffinity = new()
                    {
                        RequiredDuringSchedulingIgnoredDuringExecution = new()
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
                                            Values = [node],
                                        },
                                    ],
                                },
                            ],
                        },
                    },
                },
                Containers = [],
            },
            Status = new()
            {
                Phase = kind switch
                {
                    'F' => "Failed",
                    'X' => "Succeeded",
                    'U' => "Pending",
                    _ => "Running",
                },
                Conditions = kind is 'R' or 'G'
                    ?
                    [
                        new()
                        {
                            Type = "Ready",
                            Status = "True",
                            LastTransitionTime = Now.AddSeconds(-readyFor).UtcDateTime,
                        },
                    ]
                    : [new() { Type = "Ready", Status = "False" }],
            },
        };
    }

    /// <summary>
    /// Nodes and their pods as text: <c>R rS .</c> are three nodes, the second with two pods (the older first), the third without any.
    /// </summary>
    public static (List<V1Node> Nodes, List<V1Pod> Pods) Cluster(string words)
    {
        List<V1Node> nodes = [];
        List<V1Pod> pods = [];
        foreach (var word in words.Split(' '))
        {
            var name = $"n{nodes.Count}";
            nodes.Add(Node(name));
            pods.AddRange(word.Where(c => c != '.').Select((c, i) => Pod(name, c, 10 - i)));
        }
        return (nodes, pods);
    }

    public static string Plan(V1DaemonSet set, string words, Func<string, TimeSpan>? backoff = null)
    {
        var (nodes, pods) = Cluster(words);
        return Words(Plan(set, nodes, pods, backoff));
    }

    public static DaemonSetPlan Plan(
        V1DaemonSet set,
        IEnumerable<V1Node> nodes,
        IEnumerable<V1Pod> pods,
        Func<string, TimeSpan>? backoff = null
    ) => DaemonSetPlan.Compute(set, DaemonNodes.Of(set, nodes, pods), Hash, backoff ?? (_ => TimeSpan.Zero), Now);

    /// <summary>The plan as text: <c>+n0 -n1r</c>, with the letter of the deleted pod.</summary>
    public static string Words(DaemonSetPlan plan) =>
        string.Join(' ', plan.Create.Select(n => $"+{n}").Concat(plan.Delete.Select(d => $"-{d.Node}{d.Pod.Metadata.Name[^1]}")));
}
