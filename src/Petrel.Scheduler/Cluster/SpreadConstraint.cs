using k8s.Models;
using Petrel.Model.Selectors;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>A topology spread constraint of a pod: its own, or a default one of the profile.</summary>
internal sealed class SpreadConstraint
{
    public const string DoNotSchedule = "DoNotSchedule";
    public const string ScheduleAnyway = "ScheduleAnyway";
    public const string HostnameKey = "kubernetes.io/hostname";
    public const string ZoneKey = "topology.kubernetes.io/zone";

    private readonly string _namespace;
    private readonly Func<PodInfo, bool> _selects;
    private readonly bool _honorAffinity;
    private readonly bool _honorTaints;

    private SpreadConstraint(V1TopologySpreadConstraint constraint, PodInfo pod, Func<PodInfo, bool> selects)
    {
        TopologyKey = constraint.TopologyKey ?? "";
        MaxSkew = constraint.MaxSkew;
        MinDomains = constraint.MinDomains ?? 1;
        _namespace = pod.Key.Namespace;
        _selects = selects;
        _honorAffinity = constraint.NodeAffinityPolicy != "Ignore";
        _honorTaints = constraint.NodeTaintsPolicy == "Honor";
    }

    /// <summary>Upstream's default constraints: spread the pods of one owner over nodes, then over zones.</summary>
    public static IReadOnlyList<V1TopologySpreadConstraint> SystemDefaults { get; } =
    [
        new()
        {
            TopologyKey = HostnameKey,
            MaxSkew = 3,
            WhenUnsatisfiable = ScheduleAnyway,
        },
        new()
        {
            TopologyKey = ZoneKey,
            MaxSkew = 5,
            WhenUnsatisfiable = ScheduleAnyway,
        },
    ];

    public string TopologyKey { get; }
    public int MaxSkew { get; }
    public int MinDomains { get; }
    public bool HonorsTaints => _honorTaints;
    public bool IsPerNode => TopologyKey == HostnameKey;

    public static bool HasOwn(PodInfo pod) => pod.Pod.Spec.TopologySpreadConstraints is { Count: > 0 };

    /// <summary>
    /// The pod's own constraints with this value of whenUnsatisfiable. A pod without any constraint gets the defaults with this value.
    /// </summary>
    public static SpreadConstraint[] Of(PodInfo pod, string whenUnsatisfiable, PodTopologySpreadArgs args, ClusterState cluster)
    {
        if (pod.Pod.Spec.TopologySpreadConstraints is { Count: > 0 } own)
        {
            return
            [
                .. own.Where(c => c.WhenUnsatisfiable == whenUnsatisfiable).Select(c => new SpreadConstraint(c, pod, SelectorOf(c, pod))),
            ];
        }
        var defaults = DefaultsOf(args).Where(c => c.WhenUnsatisfiable == whenUnsatisfiable).ToArray();
        return defaults.Length > 0 && DefaultSelectorOf(pod, cluster) is { } selects
            ? [.. defaults.Select(c => new SpreadConstraint(c, pod, selects))]
            : [];
    }

    public static IReadOnlyList<V1TopologySpreadConstraint> DefaultsOf(PodTopologySpreadArgs args) =>
        args.Defaulting == DefaultSpread.List ? args.DefaultConstraints : SystemDefaults;

    /// <summary>Whether the constraint counts the pod.</summary>
    public bool Counts(PodInfo pod) => pod.Key.Namespace == _namespace && _selects(pod);

    public int CountOn(NodeInfo node)
    {
        var count = 0;
        foreach (var pod in node.Pods)
        {
            if (!pod.IsTerminating && Counts(pod))
            {
                count++;
            }
        }
        return count;
    }

    /// <summary>Whether the constraint counts the pods of the node, by its inclusion policies.</summary>
    public bool Includes(NodeInfo node, PodInfo pod) =>
        (!_honorAffinity || pod.RequiredNodeAffinity.Matches(node.Name, node.Labels))
        && (!_honorTaints || Tolerations.AllowScheduling(pod.Pod.Spec.Tolerations, node.Taints));

    private static Func<PodInfo, bool> SelectorOf(V1TopologySpreadConstraint constraint, PodInfo pod)
    {
        var selector = LabelSelectors.From(
            constraint.LabelSelector,
            from key in constraint.MatchLabelKeys ?? []
            where pod.Labels.ContainsKey(key)
            select new LabelRequirement(key, SelectorOperator.In, [pod.Labels[key]])
        );
        return other => selector.Matches(other.Labels);
    }

    // Upstream merges the selectors of the pod's Services with that of its ReplicaSet, StatefulSet or ReplicationController. Here the owner
    // of the pods stands for the selector of a controller: both select the same pods. Null when the pod has neither Service nor controller.
    private static Func<PodInfo, bool>? DefaultSelectorOf(PodInfo pod, ClusterState cluster)
    {
        var owner = pod.Owner
            is { Kind: "ReplicaSet" or "StatefulSet", ApiVersion: "apps/v1" }
                or { Kind: "ReplicationController", ApiVersion: "v1" }
            ? pod.OwnerUid
            : null;
        var services = cluster.ServicesOf(pod).ToArray();
        return services.Length == 0 && owner is null
            ? null
            : other => (owner is null || other.OwnerUid == owner) && Array.TrueForAll(services, s => LabelSets.ContainAll(other.Labels, s));
    }
}
