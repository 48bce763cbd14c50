using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>Reads the fields of documents by their schema (structured-merge-diff's typed values).</summary>
public static class TypedFields
{
    /// <summary>
    /// All fields that a configuration states: its leaves, nulls and empty objects, the entries of its maps, and the items of its lists.
    /// </summary>
    /// <exception cref="ApplyException">A list's items cannot be told apart.</exception>
    public static FieldSet SetOf(JsonObject document, SchemaType type)
    {
        var set = new FieldSet();
        Collect(document, FieldShape.Of(type), set);
        return set;
    }

    /// <summary>The same set with every struct on the way to a member as a member itself.</summary>
    public static FieldSet WithStructs(FieldSet set, SchemaType type) => WithStructs(set, FieldShape.Of(type));

    /// <summary>
    /// The set as it is by the schema of today: who owned parts of what is written as a whole now owns it all (upstream:
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
            // Where the schema knows nothing, nothing is a struct.
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
                // Most sets are in order: only those that are not are made anew.
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
