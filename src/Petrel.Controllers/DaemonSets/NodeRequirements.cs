using k8s.Models;
using Petrel.Controllers.Caching;
using Petrel.Model.Selectors;

namespace Petrel.Controllers.DaemonSets;

/// <summary>Which nodes a template's <c>nodeSelector</c> and required node affinity allow.</summary>
internal sealed class NodeRequirements
{
    private const string NameField = "metadata.name";

    private readonly KeyValuePair<string, string>[] _selector;
    private readonly Term[]? _terms;

    public NodeRequirements(V1PodSpec spec)
    {
        _selector = [.. spec.NodeSelector ?? new Dictionary<string, string>()];
        _terms = spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } required
            ? [.. (required.NodeSelectorTerms ?? []).Select(Read)]
            : null;
    }

    // Every requirement must hold. A term without any, or one that can't be read, which validation keeps out, holds nowhere.
    private sealed record Term(LabelRequirement[] Labels, LabelRequirement[] Fields);

    public bool Allow(V1Node node)
    {
        var labels = LabelSets.Of(node.Metadata.Labels);
        return Array.TrueForAll(_selector, s => labels.TryGetValue(s.Key, out var value) && value == s.Value)
            && (_terms is null || Array.Exists(_terms, t => Holds(t, labels, node.Metadata.Name)));
    }

    private static bool Holds(Term term, IReadOnlyDictionary<string, string> labels, string name) =>
        term.Labels.Length + term.Fields.Length > 0
        && Array.TrueForAll(term.Labels, r => r.Matches(labels.GetValueOrDefault(r.Key)))
        && Array.TrueForAll(term.Fields, r => r.Key == NameField && r.Matches(name));

    private static Term Read(V1NodeSelectorTerm term)
    {
        try
        {
            return new(Read(term.MatchExpressions), Read(term.MatchFields));
        }
        catch (FormatException)
        {
            return new([], []);
        }
    }

    private static LabelRequirement[] Read(IList<V1NodeSelectorRequirement>? requirements) =>
        [.. (requirements ?? []).Select(r => new LabelRequirement(r.Key, Operator(r), [.. r.Values ?? []]))];

    private static SelectorOperator Operator(V1NodeSelectorRequirement requirement) =>
        requirement.OperatorProperty switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            "Gt" when requirement.Values is [_] => SelectorOperator.GreaterThan,
            "Lt" when requirement.Values is [_] => SelectorOperator.LessThan,
            _ => throw new FormatException($"\"{requirement.OperatorProperty}\" is not a valid node selector operator here"),
        };
}
