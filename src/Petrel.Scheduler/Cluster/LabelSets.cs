using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Scheduler.Cluster;

/// <summary>Labels and selectors of typed objects, in the form that matching needs.</summary>
internal static class LabelSets
{
    private static readonly Dictionary<string, string> None = [];

    public static IReadOnlyDictionary<string, string> Of(IDictionary<string, string>? labels) =>
        labels switch
        {
            null => None,
            IReadOnlyDictionary<string, string> readable => readable,
            _ => new Dictionary<string, string>(labels),
        };

    /// <summary>Whether all of these labels are there.</summary>
    public static bool HasAll(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> wanted)
    {
        foreach (var (key, value) in wanted)
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// The selector, with the extra requirements. Null selects nothing; so does one that is malformed, which validation keeps out.
    /// </summary>
    public static LabelSelector Selector(V1LabelSelector? selector, IEnumerable<LabelRequirement>? extra = null)
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
            return LabelSelector.FromRequirements(labels.Concat(expressions).Concat(extra ?? []));
        }
        catch (FormatException)
        {
            return LabelSelector.Nothing;
        }
    }

    /// <exception cref="FormatException">There is no such operator.</exception>
    public static SelectorOperator Operator(string name) =>
        name switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            "Gt" => SelectorOperator.GreaterThan,
            "Lt" => SelectorOperator.LessThan,
            _ => throw new FormatException($"operator: Invalid value: \"{name}\": expected In, NotIn, Exists, DoesNotExist, Gt or Lt"),
        };
}
