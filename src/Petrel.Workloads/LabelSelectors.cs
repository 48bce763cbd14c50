using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Workloads;

/// <summary>Label selectors of typed objects (upstream: <c>LabelSelectorAsSelector</c>).</summary>
public static class LabelSelectors
{
    /// <summary>
    /// The selector to match labels with. Null selects no object, an empty selector all objects. A malformed selector, which validation
    /// refuses, selects no object.
    /// </summary>
    /// <param name="selector">The selector of the API.</param>
    /// <param name="additional">Requirements that must hold as well, for example those of <c>matchLabelKeys</c>.</param>
    public static LabelSelector From(V1LabelSelector? selector, IEnumerable<LabelRequirement>? additional = null)
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
            return LabelSelector.FromRequirements(labels.Concat(expressions).Concat(additional ?? []));
        }
        catch (FormatException)
        {
            return LabelSelector.Nothing;
        }
    }

    /// <summary>Reads an operator of a label selector.</summary>
    /// <exception cref="FormatException">The name is none of In, NotIn, Exists and DoesNotExist.</exception>
    internal static SelectorOperator Operator(string? name) =>
        name switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            _ => throw new FormatException($"\"{name}\" is not a valid selector operator"),
        };
}
