using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>How a value is owned: as a whole, or part by part.</summary>
internal enum ShapeKind
{
    /// <summary>A scalar, or a structure that is written as a whole.</summary>
    Leaf,

    /// <summary>An object whose members the schema defines.</summary>
    Struct,

    /// <summary>A map whose entries are owned individually.</summary>
    Map,

    /// <summary>A list of unique scalar values.</summary>
    Set,

    /// <summary>A list of objects that are identified by their keys.</summary>
    ListMap,

    /// <summary>Any JSON value: objects are treated as maps, all other values as leaves.</summary>
    Unknown,
}

/// <summary>The shape of a value in a document, derived node by node from its schema.</summary>
internal readonly record struct FieldShape(ShapeKind Kind, SchemaType? Type, SchemaField? Field)
{
    public static FieldShape Anything { get; } = new(ShapeKind.Unknown, null, null);

    public static FieldShape Of(SchemaType type) => new(ShapeKind.Struct, type, null);

    /// <summary>The shape of the member called <paramref name="name"/>; null when the schema does not define it.</summary>
    public FieldShape? Member(string name) =>
        Kind switch
        {
            ShapeKind.Struct => Type!.Field(name) is { } field ? OfField(field)
            : Type.PreservesUnknown ? Anything
            : null,
            ShapeKind.Map => OfElement(Field!, isValueOfMap: true),
            _ => Anything,
        };

    /// <summary>Whether the schema defines a member with this name.</summary>
    public bool Names(string name) => Kind == ShapeKind.Struct && Type!.Field(name) is not null;

    /// <summary>The shape of a list map's items.</summary>
    public FieldShape Item => OfElement(Field!, isValueOfMap: false);

    /// <summary>The actual shape of a value. Where the schema allows any JSON, an object is a map and any other value is a leaf.</summary>
    public ShapeKind Resolve(JsonNode? value) =>
        Kind switch
        {
            ShapeKind.Unknown => value is JsonObject ? ShapeKind.Map : ShapeKind.Leaf,
            _ => Kind,
        };

    /// <summary>The shape of the child at a path element; null when the schema does not define it.</summary>
    public FieldShape? At(string element) =>
        element[0] switch
        {
            'f' when Kind is ShapeKind.Struct or ShapeKind.Map or ShapeKind.Unknown => Member(element[2..]),
            'k' when Kind == ShapeKind.ListMap => Item,
            _ => null,
        };

    /// <summary>The items of a list with their path elements, in list order.</summary>
    /// <exception cref="ApplyException">An item cannot be identified, for example because it has none of the keys.</exception>
    public List<KeyValuePair<string, JsonNode?>> Items(JsonArray list)
    {
        var items = new List<KeyValuePair<string, JsonNode?>>(list.Count);
        foreach (var item in list)
        {
            items.Add(new(Kind == ShapeKind.Set ? PathElement.Value(item) : PathElement.Key(item, Field!), item));
        }
        return items;
    }

    private static FieldShape OfField(SchemaField field)
    {
        if (field.IsMap)
        {
            return new(AtomicStructs.IsAtomicMap(field) ? ShapeKind.Leaf : ShapeKind.Map, null, field);
        }
        if (!field.IsList)
        {
            return OfElement(field, isValueOfMap: false);
        }
        return field.ListKind switch
        {
            ListKind.Map => new(ShapeKind.ListMap, null, field),
            ListKind.Set => new(ShapeKind.Set, null, field),
            _ => new(ShapeKind.Leaf, null, field),
        };
    }

    private static FieldShape OfElement(SchemaField field, bool isValueOfMap) =>
        field.Kind switch
        {
            _ when isValueOfMap && field.IsList => new(ShapeKind.Leaf, null, field),
            FieldKind.Object => new(AtomicStructs.IsAtomic(field.Type!) ? ShapeKind.Leaf : ShapeKind.Struct, field.Type, null),
            FieldKind.Json when !field.IsAtomicMap => Anything,
            _ => new(ShapeKind.Leaf, null, null),
        };
}
