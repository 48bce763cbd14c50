using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Documents;

/// <summary>
/// Reads and fills members of documents, whether or not they exist, and whether a number is stored as int, as long or as parsed JSON. A
/// member of another type than requested counts as absent, because documents have already been checked against their schema.
/// </summary>
public static class NodeFields
{
    /// <summary>Returns <c>metadata</c>; creates it when absent.</summary>
    public static JsonObject Metadata(this JsonObject document)
    {
        if (document["metadata"] is JsonObject metadata)
        {
            return metadata;
        }
        metadata = [];
        document["metadata"] = metadata;
        return metadata;
    }

    /// <summary>Sets a member to a copy of the other document's member, or removes it when the other document has none.</summary>
    public static void CopyFrom(this JsonObject parent, JsonObject other, string name)
    {
        if (other[name] is { } value)
        {
            parent[name] = value.DeepClone();
        }
        else
        {
            parent.Remove(name);
        }
    }

    /// <summary>As <see cref="CopyFrom"/>, but takes the other document's member away instead of copying it.</summary>
    public static void MoveFrom(this JsonObject parent, JsonObject other, string name)
    {
        if (other[name] is { } value)
        {
            other.Remove(name);
            parent[name] = value;
        }
        else
        {
            parent.Remove(name);
        }
    }

    public static JsonObject? Child(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    /// <summary>Returns the member as an object; creates it when absent.</summary>
    public static JsonObject Ensure(this JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            parent[name] = child = [];
        }
        return child;
    }

    public static JsonArray? List(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonArray;

    /// <summary>The elements of a list that are objects; none when absent.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, string name) => node.List(name)?.OfType<JsonObject>() ?? [];

    /// <summary>As <see cref="Objects"/>, each with its field path: <c>spec.ports[0]</c>.</summary>
    public static IEnumerable<(JsonObject Value, string Path)> Indexed(this JsonNode? node, string name, string path)
    {
        var list = node.List(name);
        for (var i = 0; i < (list?.Count ?? 0); i++)
        {
            if (list![i] is JsonObject value)
            {
                yield return (value, $"{path}.{name}[{i}]");
            }
        }
    }

    /// <summary>The elements of a list that are strings; none when absent.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, string name) => node.List(name)?.Select(AsText).OfType<string>() ?? [];

    /// <summary>A string member; empty when absent, because upstream treats both the same.</summary>
    public static string Text(this JsonNode? node, string name) => AsText((node as JsonObject)?[name]) ?? "";

    /// <summary>An integer member, or null.</summary>
    public static long? Number(this JsonNode? node, string name) => AsNumber((node as JsonObject)?[name]);

    /// <summary>A boolean member, or null.</summary>
    public static bool? Flag(this JsonNode? node, string name) =>
        (node as JsonObject)?[name]?.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };

    public static bool Has(this JsonNode? node, string name) => (node as JsonObject)?[name] is not null;

    /// <summary>A map with string values, in document order.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Map(this JsonNode? node, string name) =>
        node.Child(name)?.Select(m => KeyValuePair.Create(m.Key, AsText(m.Value) ?? "")) ?? [];

    public static string? AsText(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    public static long? AsNumber(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? value.TryGetValue<long>(out var wide)
                ? wide
                : value.TryGetValue<int>(out var narrow)
                    ? narrow
                    : null
            : null;

    /// <summary>Sets a string if it is absent or empty.</summary>
    public static void Fill(this JsonObject parent, string name, string value)
    {
        if (parent.Text(name).Length == 0)
        {
            parent[name] = value;
        }
    }

    /// <summary>Sets a number if it is absent.</summary>
    public static void Fill(this JsonObject parent, string name, long value)
    {
        if (!parent.Has(name))
        {
            parent[name] = value;
        }
    }

    /// <summary>Sets a number if it is absent or zero, for fields where upstream's type cannot distinguish the two.</summary>
    public static void FillZero(this JsonObject parent, string name, long value)
    {
        if (parent.Number(name) is null or 0)
        {
            parent[name] = value;
        }
    }

    /// <summary>Sets a boolean if it is absent.</summary>
    public static void Fill(this JsonObject parent, string name, bool value)
    {
        if (!parent.Has(name))
        {
            parent[name] = value;
        }
    }
}
