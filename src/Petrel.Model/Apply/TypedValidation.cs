using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>
/// Validates an applied configuration against its schema, with upstream's error messages. Unlike other writes, applies reject unknown
/// fields.
/// </summary>
public static class TypedValidation
{
    /// <summary>The problems of a configuration; empty when it is valid.</summary>
    public static IReadOnlyList<string> Check(JsonObject document, SchemaType type)
    {
        var problems = new Problems(type.IsConfidential);
        Members(document, type, "", problems);
        return problems;
    }

    /// <summary>Formats the problems: a single problem as is, several problems with one line each.</summary>
    public static string Message(IReadOnlyList<string> problems) =>
        problems.Count == 1 ? problems[0] : "errors:\n" + string.Join('\n', problems.Select(p => "  " + p));

    private static void Members(JsonObject members, SchemaType type, string path, Problems problems)
    {
        foreach (var (name, value) in members)
        {
            var at = $"{path}.{name}";
            if (type.Field(name) is not { } field)
            {
                if (!type.PreservesUnknown)
                {
                    problems.Add($"{at}: field not declared in schema");
                }
            }
            else if (value is not null)
            {
                Field(value, field, at, problems);
            }
        }
    }

    private static void Field(JsonNode value, SchemaField field, string path, Problems problems)
    {
        if (!field.IsMap)
        {
            ListOrValue(value, field, path, problems);
        }
        else if (value is not JsonObject map)
        {
            problems.Add($"{path}: expected map, got &{{{problems.Shown(value)}}}");
        }
        else
        {
            foreach (var (name, item) in map)
            {
                if (item is not null)
                {
                    ListOrValue(item, field, $"{path}.{name}", problems);
                }
            }
        }
    }

    private static void ListOrValue(JsonNode value, SchemaField field, string path, Problems problems)
    {
        if (!field.IsList)
        {
            Value(value, field, path, problems);
            return;
        }
        if (value is not JsonArray list)
        {
            problems.Add($"{path}: expected list, got &{{{problems.Shown(value)}}}");
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var at = $"{path}[{i}]";
            if (field.ListKind != ListKind.Atomic)
            {
                try
                {
                    var element = field.ListKind == ListKind.Set ? PathElement.Value(list[i]) : PathElement.Key(list[i], field);
                    at = path + PathElement.Show(element);
                    if (!seen.Add(element))
                    {
                        problems.Add($"{path}: duplicate entries for key {PathElement.Show(element)}");
                    }
                }
                catch (ApplyException e)
                {
                    problems.Add($"{path}: element {i}: {e.Message}");
                    continue;
                }
            }
            if (list[i] is { } item)
            {
                Value(item, field, at, problems);
            }
        }
    }

    private static void Value(JsonNode value, SchemaField field, string path, Problems problems)
    {
        var kind = value.GetValueKind();
        var expected = field.Kind switch
        {
            FieldKind.Object when value is not JsonObject => $"expected map, got &{{{problems.Shown(value)}}}",
            FieldKind.String or FieldKind.Bytes or FieldKind.Duration when kind != JsonValueKind.String =>
                $"expected string, got {Type(value)}",
            FieldKind.Int32 or FieldKind.Int64 or FieldKind.Double when kind != JsonValueKind.Number =>
                $"expected numeric (int or float), got {Type(value)}",
            FieldKind.Bool when kind is not (JsonValueKind.True or JsonValueKind.False) => $"expected boolean, got {Type(value)}",
            FieldKind.Quantity or FieldKind.IntOrString or FieldKind.Time or FieldKind.MicroTime when value is not JsonValue =>
                $"expected scalar, got {Type(value)}",
            _ => null,
        };
        if (expected is not null)
        {
            problems.Add($"{path}: {expected}");
        }
        else if (field.Kind == FieldKind.Object)
        {
            Members((JsonObject)value, field.Type!, path, problems);
        }
    }

    private sealed class Problems(bool confidential) : List<string>
    {
        public string Shown(JsonNode value) => confidential ? SchemaType.Redacted : Go(value);
    }

    // The Go type names of decoded JSON values, as upstream's error messages show them.
    private static string Type(JsonNode value) =>
        value.GetValueKind() switch
        {
            JsonValueKind.Object => "map[string]interface {}",
            JsonValueKind.Array => "[]interface {}",
            JsonValueKind.Number => value.ToJsonString().AsSpan().IndexOfAny('.', 'e', 'E') >= 0 ? "float64" : "int64",
            JsonValueKind.String => "string",
            _ => "bool",
        };

    private static string Go(JsonNode? value) =>
        value switch
        {
            null => "<nil>",
            JsonObject map =>
                $"map[{string.Join(' ', map.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}:{Go(m.Value)}"))}]",
            JsonArray list => $"[{string.Join(' ', list.Select(Go))}]",
            _ => value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString(),
        };
}
