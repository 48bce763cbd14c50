using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>How a value is owned: as a whole, or part by part.</summary>
internal enum ShapeKind
{
    /// <summary>Scalars, and structures that are written as a whole.</summary>
    Leaf,

    /// <summary>An object with members of a schema.</summary>
    Struct,

    /// <summary>A map, each entry by itself.</summary>
    Map,

    /// <summary>A list of values, each at most once.</summary>
    Set,

    /// <summary>A list of objects that keys tell apart.</summary>
    ListMap,

    /// <summary>Anything: objects are maps, and the rest are leaves.</summary>
    Unknown,
}

/// <summary>The shape of a value in a document: read from its schema, node by node.</summary>
internal readonly record struct FieldShape(ShapeKind Kind, SchemaType? Type, SchemaField? Field)
{
    public static FieldShape Anything { get; } = new(ShapeKind.Unknown, null, null);

    public static FieldShape Of(SchemaType type) => new(ShapeKind.Struct, type, null);

    /// <summary>The shape of the member called <paramref name="name"/>; null where the schema has none.</summary>
    public FieldShape? Member(string name) =>
        Kind switch
        {
            ShapeKind.Struct => Type!.Field(name) is { } field ? OfField(field)
            : Type.PreservesUnknown ? Anything
            : null,
            ShapeKind.Map => OfElement(Field!, isValueOfMap: true),
            _ => Anything,
        };

    /// <summary>Whether the schema knows the member by its name.</summary>
    public bool Names(string name) => Kind == ShapeKind.Struct && Type!.Field(name) is not null;

    /// <summary>The shape of a list map's items.</summary>
    public FieldShape Item => OfElement(Field!, isValueOfMap: false);

    /// <summary>The shape that a value really has: what the schema leaves open is a map when it is an object.</summary>
    public ShapeKind Resolve(JsonNode? value) =>
        Kind switch
        {
            ShapeKind.Unknown => value is JsonObject ? ShapeKind.Map : ShapeKind.Leaf,
            _ => Kind,
        };

    /// <summary>The shape of the node below at a path element; null where the schema has none.</summary>
    public FieldShape? At(string element) =>
        element[0] switch
        {
            'f' when Kind is ShapeKind.Struct or ShapeKind.Map or ShapeKind.Unknown => Member(element[2..]),
            'k' when Kind == ShapeKind.ListMap => Item,
            _ => null,
        };

    /// <summary>A list's items by their path elements, in order.</summary>
    /// <exception cref="ApplyException">An item cannot be told apart from others.</exception>
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
