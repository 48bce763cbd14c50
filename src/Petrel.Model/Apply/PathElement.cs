using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>
/// The elements of a field path in their text form: <c>f:NAME</c> for a member, <c>k:{keys}</c> for an item of a list map, <c>v:VALUE</c>
/// for an item of a set, <c>i:N</c> for an item by index.
/// </summary>
public static class PathElement
{
    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver(),
    };

    /// <summary>A member of an object or map.</summary>
    public static string Field(string name) => "f:" + name;

    /// <summary>An item of a set.</summary>
    /// <exception cref="ApplyException">The item is not a scalar.</exception>
    public static string Value(JsonNode? value) =>
        value switch
        {
            JsonObject => throw new ApplyException("associative list without keys has an element that's a map type"),
            JsonArray => throw new ApplyException("not supported: associative list with lists as elements"),
            null => throw new ApplyException("associative list without keys has an element that's an explicit null"),
            _ => "v:" + Text(value),
        };

    /// <summary>An item of a list map: the values of its keys, sorted by key name. An absent key has its default value.</summary>
    /// <exception cref="ApplyException">The item is not an object, or has none of its keys.</exception>
    public static string Key(JsonNode? item, SchemaField list)
    {
        if (item is not JsonObject members)
        {
            throw new ApplyException($"associative list with keys may not have {(item is null ? "a null element" : "non-map elements")}");
        }
        var names = list.ListMapKeys;
        if (
            names.Count == 1
            && members.TryGetPropertyValue(names[0], out var only)
            && only is JsonValue single
            && single.TryGetValue<string>(out var plain)
            && !NeedsEscapes(plain)
        )
        {
            return PathElementNames.OfItem(names[0], plain);
        }
        if (names.Count > 1)
        {
            names = [.. names.Order(StringComparer.Ordinal)];
        }
        var text = new StringBuilder("k:{");
        foreach (var name in names)
        {
            // An optional key without a default is part of the path element only when the item sets it.
            if ((members.TryGetPropertyValue(name, out var value) ? value : Default(list.Type?.Field(name))) is { } key)
            {
                text.Append(text.Length > 3 ? ",\"" : "\"")
                    .Append(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(name))
                    .Append("\":")
                    .Append(Text(key));
            }
        }
        return text.Length > 3
            ? text.Append('}').ToString()
            : throw new ApplyException(
                $"associative list with keys has an element that omits all key fields "
                    + $"[{string.Join(' ', list.ListMapKeys.Select(k => $"\"{k}\""))}] (and doesn't have default values for any key fields)"
            );
    }

    private static bool NeedsEscapes(string text) => !ReferenceEquals(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text), text);

    // Most keys are strings, so these take the short path.
    private static string Text(JsonNode value) =>
        value is JsonValue scalar && scalar.TryGetValue<string>(out var text)
            ? $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\""
            : value.ToJsonString(Relaxed);

    /// <summary>A path element in the form that conflicts show: <c>.name</c>, <c>[name="web"]</c>, <c>[="value"]</c>, <c>[0]</c>.</summary>
    public static string Show(string element)
    {
        var rest = element[2..];
        return element[0] switch
        {
            'f' => "." + rest,
            'k' when Parse(rest) is JsonObject keys =>
                $"[{string.Join(',', keys.Select(k => $"{k.Key}={k.Value?.ToJsonString(Relaxed) ?? "null"}"))}]",
            'v' => $"[={rest}]",
            _ => $"[{rest}]",
        };
    }

    /// <summary>
    /// Upstream's order of path elements: members by name, then list items by their keys, set items by value, and items by index.
    /// </summary>
    public static int Compare(string left, string right)
    {
        if (left[0] != right[0])
        {
            return Rank(left[0]) - Rank(right[0]);
        }
        // Equal texts are equal elements. Most elements are members, which are ordered by their text.
        var ordinal = string.CompareOrdinal(left, 2, right, 2, int.MaxValue);
        if (ordinal == 0 || left[0] == 'f')
        {
            return ordinal;
        }
        if (
            left[0] == 'i'
            && int.TryParse(left.AsSpan(2), CultureInfo.InvariantCulture, out var i)
            && int.TryParse(right.AsSpan(2), CultureInfo.InvariantCulture, out var j)
        )
        {
            return i.CompareTo(j);
        }
        if (left[0] == 'k' && ItemKeyText.TryCompare(left, right, out var known))
        {
            return known;
        }
        var (a, b) = (Parse(left[2..]), Parse(right[2..]));
        var order = a is JsonObject keys && b is JsonObject others ? CompareKeys(keys, others) : CompareValues(a, b);
        return order != 0 ? order : ordinal;
    }

    private static int Rank(char kind) =>
        kind switch
        {
            'f' => 0,
            'k' => 1,
            'v' => 2,
            _ => 3,
        };

    private static int CompareKeys(JsonObject left, JsonObject right)
    {
        var (a, b) = (left.GetEnumerator(), right.GetEnumerator());
        while (true)
        {
            var (more, others) = (a.MoveNext(), b.MoveNext());
            if (!more || !others)
            {
                return more.CompareTo(others);
            }
            var order = string.CompareOrdinal(a.Current.Key, b.Current.Key);
            order = order != 0 ? order : CompareValues(a.Current.Value, b.Current.Value);
            if (order != 0)
            {
                return order;
            }
        }
    }

    // Orders numbers first, then strings, then booleans. In practice all values of one key have the same type.
    private static int CompareValues(JsonNode? left, JsonNode? right)
    {
        var (a, b) = (left?.GetValueKind() ?? JsonValueKind.Null, right?.GetValueKind() ?? JsonValueKind.Null);
        if (a == JsonValueKind.Number && b == JsonValueKind.Number)
        {
            return left!.GetValue<double>().CompareTo(right!.GetValue<double>());
        }
        return a == JsonValueKind.String && b == JsonValueKind.String
            ? string.CompareOrdinal(left!.GetValue<string>(), right!.GetValue<string>())
            : Order(a) - Order(b);
    }

    private static int Order(JsonValueKind kind) =>
        kind switch
        {
            JsonValueKind.Number => 0,
            JsonValueKind.String => 1,
            JsonValueKind.False => 2,
            JsonValueKind.True => 3,
            _ => 4,
        };

    private static JsonNode? Parse(string json)
    {
        try
        {
            return DocumentParser.ParseValue(Encoding.UTF8.GetBytes(json));
        }
        catch (DocumentFormatException)
        {
            // The text is not valid JSON, for example because a client wrote it by hand. Treat it as a string.
            return JsonValue.Create(json);
        }
    }

    // The value that an absent key stands for. Upstream's schemas define defaults for fields that are always serialized, and for the
    // protocol of ports.
    private static JsonNode? Default(SchemaField? key) =>
        key switch
        {
            null => null,
            { Default: { } stated } => stated,
            { Name: "protocol", Kind: FieldKind.String } => "TCP",
            { IsValue: true, Required: true, Kind: FieldKind.String } => "",
            { IsValue: true, Required: true, Kind: FieldKind.Int32 or FieldKind.Int64 } => 0,
            { IsValue: true, Required: true, Kind: FieldKind.Bool } => false,
            _ => null,
        };
}

/// <summary>A configuration that cannot be applied, because it does not match its schema.</summary>
public sealed class ApplyException(string message) : FormatException(message);
