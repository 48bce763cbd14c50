using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>Merges an applied configuration into an object, and takes away what nobody wants any more (structured-merge-diff's Merge and RemoveItems).</summary>
public static class TypedMerge
{
    /// <summary>The object with the configuration's fields in it. Neither is changed.</summary>
    /// <exception cref="ApplyException">A list's keys are absent or occur twice.</exception>
    public static JsonObject Merge(JsonObject live, JsonObject configuration, SchemaType type) =>
        Members(live, configuration, FieldShape.Of(type));

    /// <summary>The object without the fields and items of a set.</summary>
    public static JsonObject Remove(JsonObject document, FieldSet fields, SchemaType type) =>
        (JsonObject)Without(document, fields, FieldShape.Of(type))!;

    private static JsonObject Members(JsonObject live, JsonObject configuration, FieldShape shape)
    {
        var result = live.DeepClone().AsObject();
        foreach (var (name, value) in configuration)
        {
            // A null says nothing of a field.
            if (value is not null)
            {
                result[name] = Value(live[name], value, shape.Member(name) ?? new FieldShape(ShapeKind.Unknown, null, null));
            }
        }
        return result;
    }

    private static JsonNode Value(JsonNode? live, JsonNode configuration, FieldShape shape) => shape.Resolve(configuration) switch
    {
        ShapeKind.Struct or ShapeKind.Map when configuration is JsonObject members => Members(live as JsonObject ?? [], members, shape),
        ShapeKind.ListMap or ShapeKind.Set when configuration is JsonArray items => Items(live as JsonArray ?? [], items, shape),
        _ => configuration.DeepClone(),
    };

    // The configuration's items are in its order; the others stay where they are among them.
    private static JsonArray Items(JsonArray live, JsonArray configuration, FieldShape shape)
    {
        var wanted = TypedFields.Items(configuration, shape.Field!, shape.Kind);
        var byElement = wanted.ToDictionary(StringComparer.Ordinal);
        var existing = TypedFields.Items(live, shape.Field!, shape.Kind);
        var old = existing.ToDictionary(StringComparer.Ordinal);
        var result = new JsonArray();
        var next = 0;
        var placed = new HashSet<string>(StringComparer.Ordinal);
        void Place(string element)
        {
            if (placed.Add(element))
            {
                var item = byElement[element];
                result.Add(shape.Kind == ShapeKind.ListMap && item is not null ? Value(old.GetValueOrDefault(element), item, shape.Item) : item?.DeepClone());
            }
        }
        foreach (var (element, item) in existing)
        {
            if (!byElement.ContainsKey(element))
            {
                result.Add(item?.DeepClone());
                continue;
            }
            while (!placed.Contains(element))
            {
                Place(wanted[next++].Key);
            }
        }
        for (; next < wanted.Count; next++)
        {
            Place(wanted[next].Key);
        }
        return result;
    }

    private static JsonNode? Without(JsonNode? value, FieldSet fields, FieldShape shape)
    {
        switch (shape.Resolve(value))
        {
            case ShapeKind.Struct or ShapeKind.Map when value is JsonObject members:
                var kept = new JsonObject();
                foreach (var (name, member) in members)
                {
                    if (fields.Child(PathElement.Field(name)) is not { } below)
                    {
                        kept[name] = member?.DeepClone();
                    }
                    else if (!below.IsMember)
                    {
                        kept[name] = shape.Member(name) is { } child ? Without(member, below, child) : member?.DeepClone();
                    }
                }
                return kept;
            case ShapeKind.ListMap or ShapeKind.Set when value is JsonArray list:
                var rest = new JsonArray();
                foreach (var (element, item) in TypedFields.Items(list, shape.Field!, shape.Kind))
                {
                    if (fields.Child(element) is not { } below)
                    {
                        rest.Add(item?.DeepClone());
                    }
                    else if (!below.IsMember)
                    {
                        rest.Add(shape.Kind == ShapeKind.ListMap ? Without(item, below, shape.Item) : item?.DeepClone());
                    }
                }
                return rest;
            default:
                return value?.DeepClone();
        }
    }
}
