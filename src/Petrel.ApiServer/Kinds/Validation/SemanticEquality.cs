using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>
/// Compares documents as upstream compares Go values: an absent list or map equals an empty one, the zero of a plain field equals its
/// absence, and quantities compare by amount.
/// </summary>
public static class SemanticEquality
{
    private const int MaxDifferences = 10;

    public static bool Equal(JsonObject left, JsonObject right, SchemaType type) => Differences(left, right, type, "").Count == 0;

    /// <summary>The paths of the fields that differ, at most ten.</summary>
    public static IReadOnlyList<string> Differences(JsonObject left, JsonObject right, SchemaType type, string path)
    {
        var found = new List<string>();
        Objects(left, right, type, path, found);
        return found;
    }

    private static void Objects(JsonObject left, JsonObject right, SchemaType type, string path, List<string> found)
    {
        foreach (var name in left.Concat(right).Select(m => m.Key).Distinct(StringComparer.Ordinal))
        {
            if (found.Count >= MaxDifferences)
            {
                return;
            }
            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (type.Field(name) is { } field)
            {
                Values(left[name], right[name], field, at, found);
            }
            else if (!JsonNode.DeepEquals(left[name], right[name]))
            {
                found.Add(at);
            }
        }
    }

    private static void Values(JsonNode? left, JsonNode? right, SchemaField field, string path, List<string> found)
    {
        left = IsUnset(left, field) ? null : left;
        right = IsUnset(right, field) ? null : right;
        if (left is JsonArray leftList && right is JsonArray rightList && field.IsList && leftList.Count == rightList.Count)
        {
            for (var i = 0; i < leftList.Count; i++)
            {
                Single(leftList[i], rightList[i], field, $"{path}[{i}]", found);
            }
        }
        else if (left is JsonObject leftMap && right is JsonObject rightMap && field.IsMap)
        {
            foreach (var key in leftMap.Concat(rightMap).Select(m => m.Key).Distinct(StringComparer.Ordinal))
            {
                Single(leftMap[key], rightMap[key], field, $"{path}[{key}]", found);
            }
        }
        else
        {
            Single(left, right, field, path, found);
        }
    }

    private static void Single(JsonNode? left, JsonNode? right, SchemaField field, string path, List<string> found)
    {
        if (
            field is { Kind: FieldKind.Object, Type: { } type }
            && (left, right) is (JsonObject or null, JsonObject or null)
            && (left is not null && right is not null || field.IsValue && !field.IsList && !field.IsMap)
        )
        {
            Objects(left as JsonObject ?? [], right as JsonObject ?? [], type, path, found);
            return;
        }
        var equal =
            field.Kind == FieldKind.Quantity
            && Quantity.TryParse(NodeFields.AsText(left), out var a)
            && Quantity.TryParse(NodeFields.AsText(right), out var b)
                ? a == b
                : JsonNode.DeepEquals(left, right);
        if (!equal && found.Count < MaxDifferences)
        {
            found.Add(path);
        }
    }

    private static bool IsUnset(JsonNode? value, SchemaField field) =>
        value switch
        {
            null => true,
            JsonArray list => list.Count == 0,
            JsonObject map when field.IsMap => map.Count == 0,
            JsonValue scalar when field.IsValue => scalar.GetValueKind() switch
            {
                JsonValueKind.String => scalar.GetValue<string>().Length == 0,
                JsonValueKind.False => true,
                JsonValueKind.Number => NodeFields.AsNumber(scalar) == 0,
                _ => false,
            },
            _ => false,
        };
}
