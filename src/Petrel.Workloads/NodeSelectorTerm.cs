using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Workloads;

/// <summary>
/// One term of a node selector (upstream: <c>nodeSelectorTerm</c> of component-helpers). All of its <c>matchExpressions</c> (over labels)
/// and <c>matchFields</c> (over <c>metadata.name</c>, the only field there is) must hold. A term without requirements matches no node, and
/// neither does a malformed one, which validation refuses.
/// </summary>
public sealed class NodeSelectorTerm
{
    private const string NameField = "metadata.name";

    private readonly LabelRequirement[] _labels;
    private readonly LabelRequirement[] _fields;
    private readonly bool _matchesNothing;

    /// <summary>Reads a term of the API. The term is not kept.</summary>
    public NodeSelectorTerm(V1NodeSelectorTerm term)
    {
        try
        {
            _labels = Read(term.MatchExpressions);
            _fields = Read(term.MatchFields);
            _matchesNothing = _labels.Length + _fields.Length == 0 || Array.Exists(_fields, f => f.Key != NameField);
        }
        catch (FormatException)
        {
            (_labels, _fields, _matchesNothing) = ([], [], true);
        }
    }

    /// <summary>The names of the only nodes that can match, where the term says so with the operator In; otherwise null.</summary>
    public IEnumerable<string>? NodeNames
    {
        get
        {
            IEnumerable<string>? names = null;
            foreach (var requirement in _fields.Where(f => f.Key == NameField && f.Operator == SelectorOperator.In))
            {
                names = names?.Intersect(requirement.Values) ?? requirement.Values;
            }
            return names;
        }
    }

    /// <summary>Whether a node with this name and these labels matches.</summary>
    public bool Matches(string nodeName, IReadOnlyDictionary<string, string> labels)
    {
        if (_matchesNothing)
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
            if (!field.Matches(nodeName))
            {
                return false;
            }
        }
        return true;
    }

    private static LabelRequirement[] Read(IList<V1NodeSelectorRequirement>? requirements) =>
        [.. (requirements ?? []).Select(r => new LabelRequirement(r.Key, Operator(r), [.. r.Values ?? []]))];

    private static SelectorOperator Operator(V1NodeSelectorRequirement requirement) =>
        requirement.OperatorProperty switch
        {
            "Gt" when requirement.Values is { Count: 1 } => SelectorOperator.GreaterThan,
            "Lt" when requirement.Values is { Count: 1 } => SelectorOperator.LessThan,
            "Gt" or "Lt" => throw new FormatException($"{requirement.Key}: expected exactly one value for Gt and Lt"),
            var name => LabelSelectors.Operator(name),
        };
}
