using k8s.Models;
using Petrel.Model.Selectors;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>One (anti-)affinity term of a pod: which other pods it is about, and in which topology.</summary>
internal sealed class PodAffinityTerm
{
    private readonly LabelSelector _selector;
    private readonly string[] _namespaces;
    private readonly LabelSelector? _namespaceSelector;

    public PodAffinityTerm(V1PodAffinityTerm term, string ownNamespace, IReadOnlyDictionary<string, string> ownLabels, int weight = 0)
    {
        TopologyKey = term.TopologyKey ?? "";
        Weight = weight;
        _selector = LabelSelectors.From(
            term.LabelSelector,
            Same(term.MatchLabelKeys, SelectorOperator.In, ownLabels)
                .Concat(Same(term.MismatchLabelKeys, SelectorOperator.NotIn, ownLabels))
        );
        _namespaceSelector = term.NamespaceSelector is null ? null : LabelSelectors.From(term.NamespaceSelector);
        // Neither names nor a selector: the pod's own namespace.
        _namespaces =
            term.Namespaces is { Count: > 0 } names ? [.. names]
            : _namespaceSelector is null ? [ownNamespace]
            : [];
    }

    public string TopologyKey { get; }

    /// <summary>Of a preferred term; 0 for a required one.</summary>
    public int Weight { get; }

    public bool Selects(PodInfo pod, ClusterState cluster) =>
        (_namespaces.Contains(pod.Key.Namespace) || _namespaceSelector?.Matches(cluster.NamespaceLabels(pod.Key.Namespace)) == true)
        && _selector.Matches(pod.Labels);

    public static PodAffinityTerm[] Required(
        IList<V1PodAffinityTerm>? terms,
        string ownNamespace,
        IReadOnlyDictionary<string, string> ownLabels
    ) => [.. (terms ?? []).Select(t => new PodAffinityTerm(t, ownNamespace, ownLabels))];

    public static PodAffinityTerm[] Preferred(
        IList<V1WeightedPodAffinityTerm>? terms,
        string ownNamespace,
        IReadOnlyDictionary<string, string> ownLabels
    ) => [.. (terms ?? []).Select(t => new PodAffinityTerm(t.PodAffinityTerm, ownNamespace, ownLabels, t.Weight))];

    private static IEnumerable<LabelRequirement> Same(
        IList<string>? keys,
        SelectorOperator op,
        IReadOnlyDictionary<string, string> ownLabels
    ) => from key in keys ?? [] where ownLabels.ContainsKey(key) select new LabelRequirement(key, op, [ownLabels[key]]);
}
