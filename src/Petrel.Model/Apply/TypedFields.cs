using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>Reads the fields of documents by their schema (structured-merge-diff's typed values).</summary>
public static class TypedFields
{
    /// <summary>
    /// All fields that a configuration sets: its leaves, nulls and empty objects, the entries of its maps, and the items of its lists.
    /// </summary>
    /// <exception cref="ApplyException">A list's items cannot be told apart.</exception>
    public static FieldSet SetOf(JsonObject document, SchemaType type)
    {
        var set = new FieldSet();
        Collect(document, FieldShape.Of(type), set);
        return set;
    }

    /// <summary>This set, in which every struct on the path to a member is also a member.</summary>
    public static FieldSet WithStructs(FieldSet set, SchemaType type) => WithStructs(set, FieldShape.Of(type));

    /// <summary>
    /// Adapts a set to the current schema. A manager that owned parts of a value that is now atomic owns the whole value (upstream:
    /// ReconcileFieldSetWithSchema).
    /// </summary>
    public static FieldSet Reconcile(FieldSet set, SchemaType type) => Reconcile(set, FieldShape.Of(type));

    private static void Collect(JsonNode? value, FieldShape shape, FieldSet set)
    {
        switch (shape.Resolve(value))
        {
            case ShapeKind.Struct or ShapeKind.Map when value is JsonObject members:
                foreach (var (name, member) in members)
                {
                    if (shape.Member(name) is { } child)
                    {
                        var below = new FieldSet();
                        if (!shape.Names(name) || member is null or JsonObject { Count: 0 })
                        {
                            below.Add();
                        }
                        Collect(member, child, below);
                        set.Put(PathElement.Field(name), below);
                    }
                }
                break;
            case ShapeKind.ListMap or ShapeKind.Set when value is JsonArray list:
                foreach (var (element, item) in shape.Items(list))
                {
                    var below = set.Below(element);
                    below.Add();
                    if (shape.Kind == ShapeKind.ListMap)
                    {
                        Collect(item, shape.Item, below);
                    }
                }
                break;
            case ShapeKind.Leaf:
                set.Add();
                break;
        }
    }

    private static FieldSet WithStructs(FieldSet set, FieldShape shape)
    {
        var result = new FieldSet();
        if (set.IsMember)
        {
            result.Add();
        }
        foreach (var (element, child) in set.Children)
        {
            // Where the schema does not define a node, no node below it is a struct.
            var below = WithStructs(child, shape.At(element) ?? FieldShape.Anything);
            result.Put(element, element[0] == 'f' && shape.Names(element[2..]) ? below.AsMember() : below);
        }
        return result;
    }

    private static FieldSet Reconcile(FieldSet set, FieldShape shape)
    {
        if (!set.HasChildren)
        {
            return set;
        }
        if (shape.Kind == ShapeKind.Leaf)
        {
            return FieldSet.Leaf;
        }
        FieldSet? result = null;
        for (var i = 0; i < set.Children.Count; i++)
        {
            var (element, child) = set.Children[i];
            var below = shape.At(element) is { } at ? Reconcile(child, at) : child;
            if (result is null && !ReferenceEquals(below, child))
            {
                // Most sets match the schema. Copy a set only when one of its nodes changes.
                result = new FieldSet();
                if (set.IsMember)
                {
                    result.Add();
                }
                for (var j = 0; j < i; j++)
                {
                    result.Put(set.Children[j].Key, set.Children[j].Value);
                }
            }
            result?.Put(element, below);
        }
        return result ?? set;
    }
}
