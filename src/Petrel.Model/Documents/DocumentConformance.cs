using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Documents;

/// <summary>
/// Checks a document against its schema, with the result of decoding it into upstream's Go types and encoding it again. It drops unknown
/// fields, nulls, and values that mean the same as an absent field (empty lists and maps, zeros of plain fields, unless they are required).
/// It converts quantities and times to their canonical form, and reports values of the wrong type.
/// </summary>
public static class DocumentConformance
{
    /// <summary>Upstream reports at most this many problems of one document.</summary>
    private const int MaxProblems = 100;

    /// <summary>Returns the conforming copy. The argument is not changed.</summary>
    public static ConformanceResult Check(JsonObject document, SchemaType type) =>
        CheckInPlace(type.Conform is null ? document.DeepClone().AsObject() : document, type);

    /// <summary>
    /// Makes the document itself conform, which creates no nodes for values that conform already. Types with rules of their own return a
    /// copy. Top-level members for which <paramref name="skip"/> is true are known to conform: they are not checked.
    /// </summary>
    public static ConformanceResult CheckInPlace(JsonObject document, SchemaType type, Func<string, bool>? skip = null)
    {
        if (type.Conform is { } own)
        {
            return own(document);
        }
        var check = new Checker(type.IsConfidential);
        return new ConformanceResult(check.Object(document, type, null, skip), check.Unknown, check.Errors);
    }

    private sealed class Checker(bool confidential)
    {
        public List<string> Unknown { get; } = [];

        public List<string> Errors { get; } = [];

        public JsonObject Object(JsonObject source, SchemaType type, FieldPath? path, Func<string, bool>? skip = null)
        {
            // Null removes the member.
            List<KeyValuePair<string, JsonNode?>>? changes = null;
            foreach (var (name, value) in source)
            {
                if (skip?.Invoke(name) == true)
                {
                    continue;
                }
                JsonNode? conforming = null;
                if (type.Field(name) is not { } field)
                {
                    if (Unknown.Count < MaxProblems)
                    {
                        Unknown.Add($"unknown field \"{new FieldPath(path, name)}\"");
                    }
                }
                else if (value is not null)
                {
                    conforming = Field(value, field, new(path, name));
                    conforming = conforming is null || IsOmitted(conforming, field) ? null : conforming;
                }
                if (conforming is null || !ReferenceEquals(conforming, value))
                {
                    (changes ??= []).Add(new(name, conforming));
                }
            }
            Make(source, changes);
            return source;
        }

        private static void Make(JsonObject target, List<KeyValuePair<string, JsonNode?>>? changes)
        {
            foreach (var (name, value) in changes ?? [])
            {
                if (value is null)
                {
                    target.Remove(name);
                }
                else
                {
                    target[name] = value;
                }
            }
        }

        private JsonNode? Field(JsonNode value, SchemaField field, FieldStep step)
        {
            if (!field.IsMap)
            {
                return field.IsList ? List(value, field, step) : Value(value, field, step);
            }
            if (value is not JsonObject map)
            {
                return Wrong(step, "an object", value);
            }
            var path = step.ToPath();
            List<KeyValuePair<string, JsonNode?>>? changes = null;
            foreach (var (name, item) in map)
            {
                var at = new FieldStep(path, name);
                var conforming =
                    field.IsList && item is not null ? List(item, field, at)
                    : item is null ? Zero(field)
                    : Value(item, field, at);
                if (conforming is null || !ReferenceEquals(conforming, item))
                {
                    (changes ??= []).Add(new(name, conforming));
                }
            }
            Make(map, changes);
            return map;
        }

        private JsonNode? List(JsonNode value, SchemaField field, FieldStep step)
        {
            if (value is not JsonArray list)
            {
                return Wrong(step, "an array", value);
            }
            var path = step.ToPath();
            for (var i = 0; i < list.Count; i++)
            {
                var conforming = list[i] is { } item ? Value(item, field, new(path, i)) : Zero(field);
                if (!ReferenceEquals(conforming, list[i]))
                {
                    list[i] = conforming;
                }
            }
            return list;
        }

        private JsonNode? Value(JsonNode value, SchemaField field, FieldStep step)
        {
            switch (field.Kind)
            {
                case FieldKind.Json:
                    return value;
                case FieldKind.Object:
                    return value is JsonObject members ? Object(members, field.Type!, step.ToPath()) : Wrong(step, "an object", value);
            }
            if (value is not JsonValue)
            {
                return Wrong(step, FieldValues.Expected(field.Kind), value);
            }
            var canonical = FieldValues.Canonical((JsonValue)value, field.Kind);
            if (canonical is not null)
            {
                return canonical;
            }
            if (field.Kind != FieldKind.Bytes || value.GetValueKind() != JsonValueKind.String)
            {
                return Wrong(step, FieldValues.Expected(field.Kind), value);
            }
            if (Errors.Count < MaxProblems)
            {
                Errors.Add($"{step.ToPath()}: illegal base64 data at input byte {FieldValues.IllegalBase64At(value.GetValue<string>())}");
            }
            return null;
        }

        private static bool IsOmitted(JsonNode value, SchemaField field) =>
            !field.Required
            && value switch
            {
                // An empty managedFields list is a request to clear managedFields, so it is kept.
                JsonArray list => field.IsList && !field.IsMap && list.Count == 0 && field.Name != "managedFields",
                JsonObject map => field.IsMap && map.Count == 0,
                JsonValue scalar when field.IsValue => field.Kind switch
                {
                    FieldKind.String or FieldKind.Bytes => scalar.TryGetValue<string>(out var text) && text.Length == 0,
                    FieldKind.Bool => scalar.TryGetValue<bool>(out var flag) && !flag,
                    FieldKind.Int32 or FieldKind.Int64 or FieldKind.Double => scalar.ToJsonString() == "0",
                    _ => false,
                },
                _ => false,
            };

        // Go decodes a null element as the zero value of the element's type.
        private static JsonNode? Zero(SchemaField field) =>
            field.Kind switch
            {
                _ when field.IsList && field.IsMap => new JsonArray(),
                FieldKind.Object => new JsonObject(),
                FieldKind.String or FieldKind.Bytes => "",
                FieldKind.Int32 or FieldKind.Int64 or FieldKind.Double or FieldKind.IntOrString => 0,
                FieldKind.Bool => false,
                FieldKind.Quantity => "0",
                FieldKind.Duration => "0s",
                _ => null,
            };

        private JsonNode? Wrong(FieldStep step, string expected, JsonNode value)
        {
            if (Errors.Count < MaxProblems)
            {
                Errors.Add($"{step.ToPath()}: expected {expected}, got {FieldValues.Describe(value, confidential)}");
            }
            return null;
        }
    }
}
