using System.Text;

namespace Petrel.Model.Selectors;

/// <summary>One term of a <see cref="FieldSelector"/>: the field equals the value, or (when negated) does not.</summary>
public sealed record FieldRequirement(string Field, bool Negated, string Value)
{
    public bool Matches(string value) => (value == Value) != Negated;

    /// <inheritdoc/>
    public override string ToString() => $"{Field}{(Negated ? "!=" : "=")}{FieldSelector.Escape(Value)}";
}

/// <summary>
/// Selects objects by some of their fields: all requirements must match (<c>?fieldSelector=</c>). The caller checks which fields a kind
/// supports.
/// </summary>
public sealed record FieldSelector(IReadOnlyList<FieldRequirement> Requirements)
{
    public static FieldSelector Everything { get; } = new([]);

    public bool IsEverything => Requirements.Count == 0;

    /// <summary>Parses <c>a=b,c==d,e!=f</c>; <c>\,</c>, <c>\=</c> and <c>\\</c> are literal in values.</summary>
    /// <exception cref="FormatException">The selector is invalid. The message is upstream's.</exception>
    public static FieldSelector Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var requirements = Terms(text).Where(t => t.Length > 0).Select(t => Term(t, text)).ToArray();
        return requirements.Length == 0 ? Everything : new(requirements);
    }

    /// <summary>Whether all requirements match; <paramref name="valueOf"/> returns a field's value, empty when unset.</summary>
    public bool Matches(Func<string, string> valueOf) => Requirements.All(r => r.Matches(valueOf(r.Field)));

    /// <summary>Escapes a value so that <see cref="Parse"/> reads it back.</summary>
    public static string Escape(string value) =>
        value
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace(",", "\\,", StringComparison.Ordinal)
            .Replace("=", "\\=", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => string.Join(',', Requirements);

    private static IEnumerable<string> Terms(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                yield return text[start..i];
                start = i + 1;
            }
        }
        yield return text[start..];
    }

    private static FieldRequirement Term(string term, string selector)
    {
        for (var i = 0; i < term.Length; i++)
        {
            var rest = term.AsSpan(i);
            var length =
                rest.StartsWith("!=") || rest.StartsWith("==") ? 2
                : rest[0] == '=' ? 1
                : 0;
            if (length > 0)
            {
                return new(term[..i], rest[0] == '!', Unescape(term[(i + length)..]));
            }
        }
        throw new FormatException($"invalid selector: '{selector}'; can't understand '{term}'");
    }

    private static string Unescape(string value)
    {
        if (!value.AsSpan().ContainsAny('\\', ',', '='))
        {
            return value;
        }
        var result = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\')
            {
                i++;
                if (i == value.Length || value[i] is not ('\\' or ',' or '='))
                {
                    throw new FormatException(
                        i == value.Length
                            ? $"invalid field selector: invalid escape sequence: \\ in {value}"
                            : $"invalid field selector: invalid escape sequence: \\{value[i]} in {value}"
                    );
                }
            }
            else if (value[i] is ',' or '=')
            {
                throw new FormatException($"invalid field selector: unescaped character in value: {value[i]}");
            }
            result.Append(value[i]);
        }
        return result.ToString();
    }
}
