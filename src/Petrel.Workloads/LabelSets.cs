namespace Petrel.Workloads;

/// <summary>Labels of typed objects (upstream: <c>labels.Set</c>).</summary>
public static class LabelSets
{
    private static readonly Dictionary<string, string> None = [];

    /// <summary>The labels in the form that selectors match. Null means no labels.</summary>
    public static IReadOnlyDictionary<string, string> Of(IDictionary<string, string>? labels) =>
        labels switch
        {
            null => None,
            IReadOnlyDictionary<string, string> readable => readable,
            _ => new Dictionary<string, string>(labels),
        };

    /// <summary>Whether both are the same labels. Null means no labels.</summary>
    public static bool AreEqual(IDictionary<string, string>? left, IDictionary<string, string>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left is null || left.All(l => right!.TryGetValue(l.Key, out var value) && value == l.Value));

    /// <summary>Whether the labels include all of the required ones, with the same values. Nothing required is always included.</summary>
    public static bool ContainAll(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> required)
    {
        foreach (var (key, value) in required)
        {
            if (!labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }
        return true;
    }
}
