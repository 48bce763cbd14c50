using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Selectors;

/// <summary>
/// Selects objects by their labels: all requirements must match. It is parsed from <c>?labelSelector=</c>, or from the <c>matchLabels</c>
/// and <c>matchExpressions</c> of a document.
/// </summary>
public sealed class LabelSelector
{
    private readonly bool _nothing;

    private LabelSelector(IReadOnlyList<LabelRequirement> requirements, bool nothing = false)
    {
        Requirements = requirements;
        _nothing = nothing;
    }

    /// <summary>Matches every object.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>Matches no object: the meaning of an absent selector.</summary>
    public static LabelSelector Nothing { get; } = new([], nothing: true);

    /// <summary>The requirements, ordered by key.</summary>
    public IReadOnlyList<LabelRequirement> Requirements { get; }

    /// <summary>Whether there are no requirements, so that every object matches.</summary>
    public bool IsEverything => !_nothing && Requirements.Count == 0;

    /// <summary>Parses equality (<c>a=b,c!=d</c>) and set (<c>a in (b,c),!d,e</c>) syntax. The empty text matches everything.</summary>
    /// <exception cref="FormatException">The selector is invalid. The message is upstream's.</exception>
    public static LabelSelector Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return FromRequirements(new LabelSelectorParser(text).Parse());
    }

    /// <summary>Creates a selector of these requirements and validates their keys and values.</summary>
    /// <exception cref="FormatException">The selector is invalid. The message is upstream's.</exception>
    public static LabelSelector FromRequirements(IEnumerable<LabelRequirement> requirements)
    {
        var checkedOnes = requirements.Select(Check).OrderBy(r => r.Key, StringComparer.Ordinal).ToArray();
        return checkedOnes.Length == 0 ? Everything : new(checkedOnes);
    }

    /// <summary>Requires each label to have exactly this value; an empty map matches everything.</summary>
    public static LabelSelector FromLabels(IEnumerable<KeyValuePair<string, string>> labels) =>
        FromRequirements(labels.Select(l => new LabelRequirement(l.Key, SelectorOperator.In, [l.Value])));

    /// <summary>Reads <c>{matchLabels, matchExpressions}</c>. Null matches nothing, an empty object everything.</summary>
    /// <exception cref="FormatException">The selector is invalid. The message is upstream's.</exception>
    public static LabelSelector FromDocument(JsonElement selector)
    {
        if (selector.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return Nothing;
        }
        var requirements = new List<LabelRequirement>();
        if (Member(selector, "matchLabels", JsonValueKind.Object) is { } labels)
        {
            requirements.AddRange(
                labels.EnumerateObject().Select(l => new LabelRequirement(l.Name, SelectorOperator.In, [Text(l.Value, l.Name)]))
            );
        }
        if (Member(selector, "matchExpressions", JsonValueKind.Array) is { } expressions)
        {
            requirements.AddRange(expressions.EnumerateArray().Select(FromExpression));
        }
        return FromRequirements(requirements);
    }

    /// <inheritdoc cref="FromDocument(JsonElement)"/>
    public static LabelSelector FromDocument(JsonNode? selector) =>
        selector is null ? Nothing : FromDocument(JsonSerializer.SerializeToElement(selector));

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        if (_nothing)
        {
            return false;
        }
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels.TryGetValue(requirement.Key, out var value) ? value : null))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Matches a document's <c>metadata.labels</c>. An undefined (default) or null element means no labels.</summary>
    public bool Matches(JsonElement labels)
    {
        if (_nothing)
        {
            return false;
        }
        foreach (var requirement in Requirements)
        {
            var value =
                labels.ValueKind == JsonValueKind.Object
                && labels.TryGetProperty(requirement.Key, out var label)
                && label.ValueKind == JsonValueKind.String
                    ? label.GetString()
                    : null;
            if (!requirement.Matches(value))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The text form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => _nothing ? "<nothing>" : string.Join(',', Requirements);

    private static LabelRequirement FromExpression(JsonElement expression)
    {
        var key = Member(expression, "key", JsonValueKind.String)?.GetString() ?? "";
        var name = Member(expression, "operator", JsonValueKind.String)?.GetString() ?? "";
        var op = name switch
        {
            "In" => SelectorOperator.In,
            "NotIn" => SelectorOperator.NotIn,
            "Exists" => SelectorOperator.Exists,
            "DoesNotExist" => SelectorOperator.DoesNotExist,
            _ => throw new FormatException($"\"{name}\" is not a valid label selector operator"),
        };
        var values = Member(expression, "values", JsonValueKind.Array) is { } array
            ? array.EnumerateArray().Select(v => Text(v, key)).ToArray()
            : [];
        return new LabelRequirement(key, op, values);
    }

    private static JsonElement? Member(JsonElement parent, string name, JsonValueKind kind)
    {
        if (parent.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"label selector: expected an object, got {parent.ValueKind}");
        }
        if (!parent.TryGetProperty(name, out var member) || member.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return member.ValueKind == kind
            ? member
            : throw new FormatException($"label selector: {name}: expected {kind}, got {member.ValueKind}");
    }

    private static string Text(JsonElement value, string key) =>
        value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"label selector: value of {key}: expected String, got {value.ValueKind}");

    private static LabelRequirement Check(LabelRequirement requirement)
    {
        if (LabelSyntax.KeyProblem(requirement.Key) is { } keyProblem)
        {
            throw new FormatException($"key: Invalid value: \"{requirement.Key}\": {keyProblem}");
        }
        var values = requirement.Values;
        switch (requirement.Operator)
        {
            case SelectorOperator.In or SelectorOperator.NotIn when values.Count == 0:
                throw new FormatException("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
            case SelectorOperator.Exists or SelectorOperator.DoesNotExist when values.Count != 0:
                throw new FormatException(
                    $"values: Invalid value: [{string.Join(',', values.Select(v => $"\"{v}\""))}]: values set must be empty "
                        + $"for exists and does not exist"
                );
            case SelectorOperator.GreaterThan or SelectorOperator.LessThan when values.Count != 1:
                throw new FormatException("values: Invalid value: []: for 'Gt', 'Lt' operators, exactly one value is required");
            case SelectorOperator.GreaterThan
            or SelectorOperator.LessThan when !long.TryParse(values[0], System.Globalization.CultureInfo.InvariantCulture, out _):
                throw new FormatException(
                    $"values[0]: Invalid value: \"{values[0]}\": for 'Gt', 'Lt' operators, the value must be an integer"
                );
        }
        for (var i = 0; i < values.Count; i++)
        {
            if (LabelSyntax.ValueProblem(values[i]) is { } problem)
            {
                throw new FormatException($"values[{i}][{requirement.Key}]: Invalid value: \"{values[i]}\": {problem}");
            }
        }
        return requirement with { Values = [.. values.Distinct().Order(StringComparer.Ordinal)] };
    }
}
