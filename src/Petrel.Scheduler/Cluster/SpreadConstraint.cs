using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Scheduler.Cluster;

/// <summary>One topology spread constraint of a pod, given by it or by upstream's defaults.</summary>
internal sealed class SpreadConstraint
{
    public const string DoNotSchedule = "DoNotSchedule";
    public const string ScheduleAnyway = "ScheduleAnyway";
    public const string HostnameKey = "kubernetes.io/hostname";
    private const string ZoneKey = "topology.kubernetes.io/zone";

    private readonly string _namespace;
    private readonly LabelSelector? _selector;
    private readonly string? _owner;
    private readonly bool _honorAffinity;
    private readonly bool _honorTaints;

    private SpreadConstraint(V1TopologySpreadConstraint constraint, PodInfo pod)
    {
        TopologyKey = constraint.TopologyKey ?? "";
        MaxSkew = constraint.MaxSkew;
        MinDomains = constraint.MinDomains ?? 1;
        _namespace = pod.Key.Namespace;
        _selector = LabelSets.Selector(
            constraint.LabelSelector,
            from key in constraint.MatchLabelKeys ?? []
            where pod.Labels.ContainsKey(key)
            select new LabelRequirement(key, SelectorOperator.In, [pod.Labels[key]]));
        _honorAffinity = constraint.NodeAffinityPolicy != "Ignore";
        _honorTaints = constraint.NodeTaintsPolicy == "Honor";
    }

    private SpreadConstraint(string topologyKey, int maxSkew, PodInfo pod)
    {
        TopologyKey = topologyKey;
        MaxSkew = maxSkew;
        MinDomains = 1;
        _namespace = pod.Key.Namespace;
        _owner = pod.OwnerUid;
        _honorAffinity = true;
    }

    public string TopologyKey { get; }
    public int MaxSkew { get; }
    public int MinDomains { get; }
    public bool IsPerNode => TopologyKey == HostnameKey;

    /// <summary>The pod's own constraints of one kind.</summary>
    public static SpreadConstraint[] Of(PodInfo pod, string whenUnsatisfiable) =>
        [.. (pod.Pod.Spec.TopologySpreadConstraints ?? []).Where(c => c.WhenUnsatisfiable == whenUnsatisfiable).Select(c => new SpreadConstraint(c, pod))];

    /// <summary>
    /// What upstream's system defaults say for pods without constraints: those of one controller spread over nodes and zones.
    /// Pods without a controller have none.
    /// </summary>
    public static SpreadConstraint[] Defaults(PodInfo pod) =>
        pod.OwnerUid is null ? [] : [new(HostnameKey, 3, pod), new(ZoneKey, 5, pod)];

    /// <summary>Whether a pod is one of those to spread.</summary>
    public bool Counts(PodInfo pod) =>
        pod.Key.Namespace == _namespace && (_selector?.Matches(pod.Labels) ?? pod.OwnerUid == _owner);

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

    /// <summary>Whether the pods of a node count, by the constraint's inclusion policies.</summary>
    public bool Includes(NodeInfo node, PodInfo pod) =>
        (!_honorAffinity || pod.RequiredNodes.Matches(node)) && (!_honorTaints || !Tolerations.AnyRefused(pod.Pod.Spec.Tolerations, node.Taints));
}
