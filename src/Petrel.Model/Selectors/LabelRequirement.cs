using System.Globalization;

namespace Petrel.Model.Selectors;

/// <summary>One term of a <see cref="LabelSelector"/>. Values are in ordinal order.</summary>
public sealed record LabelRequirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>Whether a label with this value (null: no such label) satisfies the requirement.</summary>
    public bool Matches(string? value) =>
        Operator switch
        {
            SelectorOperator.Exists => value is not null,
            SelectorOperator.DoesNotExist => value is null,
            SelectorOperator.In => value is not null && Values.Contains(value),
            SelectorOperator.NotIn => value is null || !Values.Contains(value),
            SelectorOperator.GreaterThan => Compare(value) > 0,
            SelectorOperator.LessThan => Compare(value) < 0,
            _ => throw new InvalidOperationException($"unknown selector operator {Operator}"),
        };

    // 0 if either side is not an integer, so that neither Gt nor Lt matches.
    private int Compare(string? value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
            ? left.CompareTo(right)
            : 0;

    /// <summary>The text form that <see cref="LabelSelector.Parse"/> reads.</summary>
    public override string ToString() =>
        Operator switch
        {
            SelectorOperator.Exists => Key,
            SelectorOperator.DoesNotExist => "!" + Key,
            SelectorOperator.In when Values.Count == 1 => $"{Key}={Values[0]}",
            SelectorOperator.NotIn when Values.Count == 1 => $"{Key}!={Values[0]}",
            SelectorOperator.In => $"{Key} in ({string.Join(',', Values)})",
            SelectorOperator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
            SelectorOperator.GreaterThan => $"{Key}>{Values[0]}",
            _ => $"{Key}<{Values[0]}",
        };

    /// <inheritdoc/>
    public bool Equals(LabelRequirement? other) =>
        other is not null && Key == other.Key && Operator == other.Operator && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, Operator, Values.Count);
}
