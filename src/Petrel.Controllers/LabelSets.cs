using k8s.Models;
using Petrel.Controllers.Caching;
using Petrel.Model.Selectors;

namespace Petrel.Controllers;

/// <summary>Labels and selectors of typed objects, in the form that matching needs.</summary>
public static class LabelSets
{
    private static readonly Dictionary<string, string> None = [];

    /// <summary>The labels; none when absent.</summary>
    public static IReadOnlyDictionary<string, string> Of(IDictionary<string, string>? labels) =>
        labels switch
        {
            null => None,
            IReadOnlyDictionary<string, string> readable => readable,
            _ => new Dictionary<string, string>(labels),
        };

    /// <summary>Whether both are the same labels; absent ones are none.</summary>
    public static bool Same(IDictionary<string, string>? left, IDictionary<string, string>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left is null || left.All(l => right!.TryGetValue(l.Key, out var value) && value == l.Value));

    /// <summary>The selector. Null selects nothing; so does one that is malformed, which validation keeps out.</summary>
    public static LabelSelector Selector(V1LabelSelector? selector)
    {
        if (selector is null)
        {
            return LabelSelector.Nothing;
        }
        try
        {
            var labels = (selector.MatchLabels ?? new Dictionary<string, string>()).Select(l => new LabelRequirement(
                l.Key,
                SelectorOperator.In,
                [l.Value]
            ));
            var expressions = (selector.MatchExpressions ?? []).Select(e => new LabelRequirement(
                e.Key,
                Operator(e.OperatorProperty),
                [.. e.Values ?? []]
            ));
            return LabelSelector.FromRequirements(labels.Concat(expressions));
        }
        catch (FormatException)
        {
            return LabelSelector.Nothing;
        }
    }

    private static SelectorOperator Operator(string name) =>
        name switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            _ => throw new FormatException($"\"{name}\" is not a valid label selector operator"),
        };
}
