using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// One term of a node selector: every expression over labels and every one over fields must hold. An empty term holds nowhere.
/// </summary>
internal sealed class NodeTerm
{
    private readonly LabelRequirement[] _labels;
    private readonly LabelRequirement[] _fields;
    private readonly bool _never;

    public NodeTerm(V1NodeSelectorTerm term)
    {
        try
        {
            _labels = Requirements(term.MatchExpressions);
            _fields = Requirements(term.MatchFields);
            _never = _labels.Length + _fields.Length == 0 || _fields.Any(f => f.Key != "metadata.name");
        }
        catch (FormatException)
        {
            (_labels, _fields, _never) = ([], [], true);
        }
    }

    /// <summary>The nodes that the term's fields name; null when it doesn't restrict names.</summary>
    public IEnumerable<string>? Names
    {
        get
        {
            IEnumerable<string>? names = null;
            foreach (var named in _fields.Where(f => f.Key == "metadata.name" && f.Operator == SelectorOperator.In))
            {
                names = names?.Intersect(named.Values) ?? named.Values;
            }
            return names;
        }
    }

    public bool Matches(NodeInfo node) => Matches(node.Name, node.Labels);

    public bool Matches(string name, IReadOnlyDictionary<string, string> labels)
    {
        if (_never)
        {
            return false;
        }
        foreach (var requirement in _labels)
        {
            if (!requirement.Matches(labels.TryGetValue(requirement.Key, out var value) ? value : null))
            {
                return false;
            }
        }
        foreach (var field in _fields)
        {
            if (!field.Matches(name))
            {
                return false;
            }
        }
        return true;
    }

    private static LabelRequirement[] Requirements(IList<V1NodeSelectorRequirement>? requirements) =>
        [.. (requirements ?? []).Select(r => Check(new(r.Key, LabelSets.Operator(r.OperatorProperty), [.. r.Values ?? []])))];

    private static LabelRequirement Check(LabelRequirement requirement) =>
        requirement.Operator is SelectorOperator.GreaterThan or SelectorOperator.LessThan && requirement.Values.Count != 1
            ? throw new FormatException($"{requirement.Key}: values: expected exactly one for Gt and Lt")
            : requirement;
}

/// <summary>Which nodes a pod may run on: its <c>nodeSelector</c>, and any term of its required node affinity.</summary>
internal sealed class RequiredNodes
{
    private readonly KeyValuePair<string, string>[] _selector;
    private readonly NodeTerm[]? _terms;

    public RequiredNodes(V1PodSpec spec)
    {
        _selector = [.. spec.NodeSelector ?? new Dictionary<string, string>()];
        _terms = spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } required ? TermsOf(required) : null;
        var names = _terms?.Select(t => t.Names).ToArray();
        if (names is { Length: > 0 } && names.All(n => n is not null))
        {
            Names = names.SelectMany(n => n!).ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>Any term of a selector alone.</summary>
    public RequiredNodes(V1NodeSelector selector) => (_selector, _terms) = ([], TermsOf(selector));

    public bool IsAny => _selector.Length == 0 && _terms is null;

    /// <summary>The only nodes that can match, when every term names its nodes (as those of daemons do); else null.</summary>
    public IReadOnlySet<string>? Names { get; }

    public bool Matches(NodeInfo node) => Matches(node.Name, node.Labels);

    public bool Matches(string name, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in _selector)
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }
        return _terms is null || Array.Exists(_terms, t => t.Matches(name, labels));
    }

    private static NodeTerm[] TermsOf(V1NodeSelector selector) => [.. (selector.NodeSelectorTerms ?? []).Select(t => new NodeTerm(t))];
}
