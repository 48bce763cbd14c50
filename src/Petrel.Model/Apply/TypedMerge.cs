using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>
/// Merges an applied configuration into an object, and removes fields that no manager applies any more (structured-merge-diff's Merge and
/// RemoveItems).
/// </summary>
public static class TypedMerge
{
    /// <summary>Merges the configuration's fields, including nulls, into a copy of the object. Neither argument is changed.</summary>
    /// <exception cref="ApplyException">A list's items cannot be told apart.</exception>
    public static JsonObject Merge(JsonObject live, JsonObject configuration, SchemaType type) =>
        Members(live, configuration, FieldShape.Of(type));

    /// <summary>Returns the object without the fields and items of a set.</summary>
    public static JsonObject Remove(JsonObject document, FieldSet fields, SchemaType type) =>
        (JsonObject)Without(document, fields, FieldShape.Of(type))!;

    private static JsonObject Members(JsonObject? live, JsonObject configuration, FieldShape shape)
    {
        var result = new JsonObject();
        foreach (var (name, value) in live ?? [])
        {
            if (!configuration.ContainsKey(name))
            {
                result[name] = value?.DeepClone();
            }
            else
            {
                // Members that exist in the object keep their order.
                result[name] = Value(value, configuration[name], shape.Member(name) ?? FieldShape.Anything);
            }
        }
        foreach (var (name, value) in configuration)
        {
            if (live?.ContainsKey(name) != true)
            {
                result[name] = Value(null, value, shape.Member(name) ?? FieldShape.Anything);
            }
        }
        return result;
    }

    private static JsonNode? Value(JsonNode? live, JsonNode? configuration, FieldShape shape) =>
        shape.Resolve(configuration) switch
        {
            ShapeKind.Struct or ShapeKind.Map when configuration is JsonObject members => Members(live as JsonObject, members, shape),
            ShapeKind.ListMap or ShapeKind.Set when configuration is JsonArray items => Items(live as JsonArray ?? [], items, shape),
            // A null in the configuration replaces a leaf. It does not replace a struct, a map or a list that is merged item by item.
            ShapeKind.Struct or ShapeKind.Map or ShapeKind.ListMap or ShapeKind.Set when configuration is null => live?.DeepClone(),
            _ => configuration?.DeepClone(),
        };

    // Items of the configuration are in its order. Items that only the object has keep their position between the items that both have.
    private static JsonArray Items(JsonArray live, JsonArray configuration, FieldShape shape)
    {
        var wanted = shape.Items(configuration);
        var existing = shape.Items(live);
        var byElement = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (element, item) in wanted)
        {
            if (!byElement.TryAdd(element, item))
            {
                throw new ApplyException($"duplicate entries for key {PathElement.Show(element)}");
            }
        }
        // Duplicate items in the object are not merged. The configuration's item replaces all of them.
        var old = existing
            .GroupBy(i => i.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Count() == 1 ? g.First().Value : null, StringComparer.Ordinal);
        var shared = new Queue<string>(wanted.Select(i => i.Key).Where(old.ContainsKey));
        var merged = new HashSet<string>(StringComparer.Ordinal);
        var result = new JsonArray();
        void Take(string element)
        {
            merged.Add(element);
            var item = byElement[element];
            result.Add(shape.Kind == ShapeKind.ListMap ? Value(old.GetValueOrDefault(element), item, shape.Item) : item?.DeepClone());
            if (shared.TryPeek(out var next) && next == element)
            {
                shared.Dequeue();
            }
        }
        var (i, j) = (0, 0);
        while (i < existing.Count || j < wanted.Count)
        {
            if (i < existing.Count)
            {
                var (element, item) = existing[i];
                if (!byElement.ContainsKey(element))
                {
                    result.Add(item?.DeepClone());
                    i++;
                    continue;
                }
                if (
                    merged.Contains(element)
                    || (j < wanted.Count && wanted[j].Key != element && shared.TryPeek(out var next) && next != element)
                )
                {
                    // The item is already in the result, or it comes later in the order of the configuration.
                    i++;
                    continue;
                }
                if (j < wanted.Count && wanted[j].Key == element)
                {
                    i++;
                }
            }
            if (j < wanted.Count)
            {
                Take(wanted[j++].Key);
            }
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
                    var below = fields.Child(PathElement.Field(name));
                    if (below?.IsMember != true)
                    {
                        kept[name] =
                            below is not null && shape.Member(name) is { } child ? Without(member, below, child) : member?.DeepClone();
                    }
                }
                return kept;
            case ShapeKind.ListMap or ShapeKind.Set when value is JsonArray list:
                var rest = new JsonArray();
                foreach (var (element, item) in shape.Items(list))
                {
                    var below = fields.Child(element);
                    if (below?.IsMember != true)
                    {
                        rest.Add(
                            below is not null && shape.Kind == ShapeKind.ListMap ? Without(item, below, shape.Item) : item?.DeepClone()
                        );
                    }
                }
                return rest;
            default:
                return value?.DeepClone();
        }
    }
}
