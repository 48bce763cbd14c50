using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>
/// The fields that the creator of an object owns, as FieldsV1. The result is that of a comparison with an empty object. It is written in a
/// single pass, because creates are the most frequent writes.
/// </summary>
public sealed class CreatedFields
{
    private const string Empty = "{}";

    // The longest text whose buffer a thread keeps, in characters.
    private const int MostKept = 16 * 1024;

    [ThreadStatic]
    private static StringBuilder? _kept;

    private readonly StringBuilder _text;
    private readonly FieldSet _reset;

    private CreatedFields(FieldSet reset, StringBuilder text) => (_reset, _text) = (reset, text);

    /// <summary>The FieldsV1 text; null for documents that need a comparison, because items of their lists cannot be told apart.</summary>
    /// <param name="document">The object.</param>
    /// <param name="type">Its schema.</param>
    /// <param name="reset">Top-level fields that this path cannot write.</param>
    public static string? Of(JsonObject document, SchemaType type, FieldSet reset)
    {
        var text = _kept ?? new(1024);
        _kept = null;
        try
        {
            return new CreatedFields(reset, text).Root(document, FieldShape.Of(type)) ? text.ToString() : null;
        }
        catch (ApplyException)
        {
            return null;
        }
        finally
        {
            _kept = text.Capacity <= MostKept ? text.Clear() : null;
        }
    }

    private bool Root(JsonObject document, FieldShape shape)
    {
        _text.Append('{');
        foreach (var (name, value) in Sorted(document))
        {
            if (shape.Member(name) is { } child && !_reset.Has(PathElement.Field(name)))
            {
                // No manager owns metadata itself, whatever fields it contains.
                var was = name == "metadata" || TypedComparison.IsAlwaysThere(shape, name);
                if (!FieldOwnership.IsNobodys(name) && !Member(PathElement.Field(name), value, was, child, name == "metadata"))
                {
                    return false;
                }
            }
        }
        _text.Append('}');
        return true;
    }

    // was: whether the value exists even in an empty object. Such a value is not new itself.
    private bool Member(string element, JsonNode? value, bool was, FieldShape shape, bool isMetadata = false)
    {
        var mark = _text.Length;
        _text.Append(_text[mark - 1] == '{' ? "\"" : ",\"").Append(Escaped(element)).Append("\":{");
        var start = _text.Length;
        var kind = shape.Resolve(value);
        if (TypedComparison.IsBare(value) || kind == ShapeKind.Leaf)
        {
            if (was && TypedComparison.IsBare(value))
            {
                _text.Length = mark;
                return true;
            }
            _text.Append('}');
            return true;
        }
        if (!was)
        {
            _text.Append("\".\":{}");
        }
        var inside = _text.Length;
        switch (value)
        {
            case JsonObject members when kind is ShapeKind.Struct or ShapeKind.Map:
                foreach (var (name, member) in Sorted(members))
                {
                    if (
                        shape.Member(name) is { } child
                        && !(isMetadata && FieldOwnership.IsNobodys(name, ofMetadata: true))
                        && !Member(PathElement.Field(name), member, was && TypedComparison.IsAlwaysThere(shape, name), child)
                    )
                    {
                        return false;
                    }
                }
                break;
            case JsonArray list when kind is ShapeKind.ListMap or ShapeKind.Set:
                var items = shape.Items(list);
                items.Sort(static (a, b) => PathElement.Compare(a.Key, b.Key));
                for (var i = 0; i < items.Count; i++)
                {
                    if (i > 0 && items[i].Key == items[i - 1].Key)
                    {
                        return false;
                    }
                    if (kind == ShapeKind.Set)
                    {
                        _text.Append(_text[^1] == '{' ? "\"" : ",\"").Append(Escaped(items[i].Key)).Append("\":").Append(Empty);
                    }
                    else if (!Member(items[i].Key, items[i].Value, false, shape.Item))
                    {
                        return false;
                    }
                }
                break;
            default:
                // The value does not match the schema, so it is owned as a whole.
                _text.Length = start;
                inside = start;
                was = false;
                break;
        }
        if (_text.Length == inside)
        {
            // The creator owns no field below this value. A new value is then the end of a path. Any other value is not part of the set.
            _text.Length = was ? mark : start;
            if (was)
            {
                return true;
            }
        }
        _text.Append('}');
        return true;
    }

    private static string Escaped(string text) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text);

    private static KeyValuePair<string, JsonNode?>[] Sorted(JsonObject members)
    {
        var sorted = new KeyValuePair<string, JsonNode?>[members.Count];
        ((ICollection<KeyValuePair<string, JsonNode?>>)members).CopyTo(sorted, 0);
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return sorted;
    }
}
