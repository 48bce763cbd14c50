using k8s.Models;

namespace Petrel.Workloads;

/// <summary>
/// The nodes that a pod may run on (upstream: <c>RequiredNodeAffinity</c> of component-helpers): those that have all labels of its
/// <c>nodeSelector</c> and match any term of its required node affinity. A required node affinity without terms matches no node.
/// </summary>
public sealed class RequiredNodeAffinity
{
    private readonly KeyValuePair<string, string>[] _selector;
    private readonly NodeSelectorTerm[]? _terms;

    /// <summary>Reads the <c>nodeSelector</c> and the required node affinity of a pod.</summary>
    public RequiredNodeAffinity(V1PodSpec spec)
        : this([.. spec.NodeSelector ?? new Dictionary<string, string>()], Required(spec)) { }

    /// <summary>Reads a node selector alone, for example that of a persistent volume.</summary>
    public RequiredNodeAffinity(V1NodeSelector selector)
        : this([], selector) { }

    private RequiredNodeAffinity(KeyValuePair<string, string>[] labels, V1NodeSelector? required)
    {
        _selector = labels;
        _terms = required is null ? null : [.. (required.NodeSelectorTerms ?? []).Select(t => new NodeSelectorTerm(t))];
        var names = _terms?.Select(t => t.NodeNames).ToArray();
        if (names is { Length: > 0 } && names.All(n => n is not null))
        {
            NodeNames = names.SelectMany(n => n!).ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>Whether every node matches: the pod has no requirement.</summary>
    public bool IsAny => _selector.Length == 0 && _terms is null;

    /// <summary>The names of the only nodes that can match, when every term names its nodes, as for DaemonSet pods; else null.</summary>
    public IReadOnlySet<string>? NodeNames { get; }

    /// <summary>Whether the node matches.</summary>
    public bool Matches(V1Node node) => Matches(node.Metadata.Name, LabelSets.Of(node.Metadata.Labels));

    /// <summary>Whether a node with this name and these labels matches.</summary>
    public bool Matches(string nodeName, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in _selector)
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }
        if (_terms is null)
        {
            return true;
        }
        foreach (var term in _terms)
        {
            if (term.Matches(nodeName, labels))
            {
                return true;
            }
        }
        return false;
    }

    private static V1NodeSelector? Required(V1PodSpec spec) => spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
}
