using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>What differs between two documents.</summary>
/// <param name="Changed">Fields that are new or have another value.</param>
/// <param name="Removed">Fields that are gone.</param>
public sealed record FieldComparison(FieldSet Changed, FieldSet Removed)
{
    public bool IsSame => Changed.IsEmpty && Removed.IsEmpty;
}

/// <summary>Reads the fields of documents by their schema (structured-merge-diff's typed values).</summary>
public static class TypedFields
{
    /// <summary>All fields of a document: its leaves, and the items of its list maps.</summary>
    /// <exception cref="ApplyException">A list's keys are absent or occur twice.</exception>
    public static FieldSet SetOf(JsonObject document, SchemaType type)
    {
        var set = new FieldSet();
        Collect(document, FieldShape.Of(type), set, everything: false);
        return set;
    }

    /// <summary>What differs from one document to another.</summary>
    public static FieldComparison Compare(JsonObject before, JsonObject after, SchemaType type)
    {
        var comparison = new FieldComparison(new FieldSet(), new FieldSet());
        CompareMembers(before, after, FieldShape.Of(type), comparison.Changed, comparison.Removed);
        return comparison;
    }

    /// <summary>A list map's items by their path element.</summary>
    /// <exception cref="ApplyException">A key is absent or occurs twice.</exception>
    internal static List<KeyValuePair<string, JsonNode?>> Items(JsonArray list, SchemaField field, ShapeKind kind)
    {
        var items = new List<KeyValuePair<string, JsonNode?>>(list.Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list)
        {
            var element = kind == ShapeKind.Set ? PathElement.Value(item) : PathElement.Key(item as JsonObject ?? [], field);
            if (!seen.Add(element))
            {
                throw new ApplyException($"duplicate entries for key {PathElement.Show(element)}");
            }
            items.Add(new(element, item));
        }
        return items;
    }

    // Everything: the fields on the way as well, as a comparison with nothing finds them.
    private static void Collect(JsonNode? value, FieldShape shape, FieldSet set, bool everything)
    {
        switch (shape.Resolve(value))
        {
            case ShapeKind.Struct or ShapeKind.Map when value is JsonObject { Count: > 0 } members:
                foreach (var (name, member) in members)
                {
                    if (shape.Member(name) is { } child)
                    {
                        var below = set.Below(PathElement.Field(name));
                        if (everything)
                        {
                            below.Add();
                        }
                        Collect(member, child, below, everything);
                    }
                }
                break;
            case ShapeKind.ListMap when value is JsonArray { Count: > 0 } list && TryItems(list, shape, out var items):
                foreach (var (element, item) in items)
                {
                    var below = set.Below(element);
                    below.Add();
                    Collect(item, shape.Item, below, everything);
                }
                break;
            case ShapeKind.Set when value is JsonArray { Count: > 0 } list && TryItems(list, shape, out var items):
                foreach (var (element, _) in items)
                {
                    set.Below(element).Add();
                }
                break;
            default:
                set.Add();
                break;
        }
    }

    private static bool TryItems(JsonArray list, FieldShape shape, out List<KeyValuePair<string, JsonNode?>> items)
    {
        items = Items(list, shape.Field!, shape.Kind);
        return true;
    }

    private static void CompareMembers(JsonObject before, JsonObject after, FieldShape shape, FieldSet changed, FieldSet removed)
    {
        foreach (var (name, value) in after)
        {
            if (shape.Member(name) is { } child)
            {
                var element = PathElement.Field(name);
                if (before.TryGetPropertyValue(name, out var old) && old is not null)
                {
                    CompareValues(element, old, value, child, changed, removed);
                }
                else if (shape.Kind == ShapeKind.Struct && IsAlwaysThere(shape.Type!.Field(name)!) && value is JsonObject members)
                {
                    // A struct that upstream's types always have: only what is in it is new.
                    Descend(element, changed, removed, (c, r) => CompareMembers([], members, child, c, r));
                }
                else
                {
                    var below = changed.Below(element);
                    if (!(shape.Kind == ShapeKind.Struct && shape.Type!.Field(name) is { IsList: true, Required: true } && value is JsonArray { Count: > 0 } && child.Kind is not ShapeKind.Leaf))
                    {
                        below.Add();
                    }
                    CollectLeniently(value, child, below);
                }
            }
        }
        foreach (var (name, value) in before)
        {
            if (value is not null && after[name] is null && shape.Member(name) is { } child)
            {
                var below = removed.Below(PathElement.Field(name));
                below.Add();
                CollectLeniently(value, child, below);
            }
        }
    }

    private static bool IsAlwaysThere(SchemaField field) => field is { Kind: FieldKind.Object, IsValue: true, IsList: false, IsMap: false } && !AtomicStructs.IsAtomic(field.Type!);

    private static void CompareValues(string element, JsonNode before, JsonNode? after, FieldShape shape, FieldSet changed, FieldSet removed)
    {
        switch (shape.Resolve(after))
        {
            case ShapeKind.Struct or ShapeKind.Map when before is JsonObject old && after is JsonObject now:
                Descend(element, changed, removed, (c, r) => CompareMembers(old, now, shape, c, r));
                break;
            case ShapeKind.ListMap or ShapeKind.Set when before is JsonArray old && after is JsonArray now && TryCompareItems(old, now, shape, out var difference):
                if (!difference.Changed.IsEmpty)
                {
                    Merge(changed.Below(element), difference.Changed);
                }
                if (!difference.Removed.IsEmpty)
                {
                    Merge(removed.Below(element), difference.Removed);
                }
                break;
            default:
                if (!JsonNode.DeepEquals(before, after))
                {
                    changed.Below(element).Add();
                }
                break;
        }
    }

    private static void Descend(string element, FieldSet changed, FieldSet removed, Action<FieldSet, FieldSet> compare)
    {
        var (below, gone) = (new FieldSet(), new FieldSet());
        compare(below, gone);
        if (!below.IsEmpty)
        {
            Merge(changed.Below(element), below);
        }
        if (!gone.IsEmpty)
        {
            Merge(removed.Below(element), gone);
        }
    }

    private static bool TryCompareItems(JsonArray before, JsonArray after, FieldShape shape, out FieldComparison comparison)
    {
        comparison = new FieldComparison(new FieldSet(), new FieldSet());
        try
        {
            var old = Items(before, shape.Field!, shape.Kind).ToDictionary(StringComparer.Ordinal);
            var now = Items(after, shape.Field!, shape.Kind).ToDictionary(StringComparer.Ordinal);
            foreach (var (element, item) in now)
            {
                if (!old.TryGetValue(element, out var earlier))
                {
                    var below = comparison.Changed.Below(element);
                    below.Add();
                    if (shape.Kind == ShapeKind.ListMap)
                    {
                        CollectLeniently(item, shape.Item, below);
                    }
                }
                else if (shape.Kind == ShapeKind.ListMap && earlier is not null)
                {
                    CompareValues(element, earlier, item, shape.Item, comparison.Changed, comparison.Removed);
                }
            }
            foreach (var (element, item) in old)
            {
                if (!now.ContainsKey(element))
                {
                    var below = comparison.Removed.Below(element);
                    below.Add();
                    if (shape.Kind == ShapeKind.ListMap)
                    {
                        CollectLeniently(item, shape.Item, below);
                    }
                }
            }
            return true;
        }
        catch (ApplyException)
        {
            // Stored objects may hold lists whose keys repeat, from writes that are not applies: they count as wholes then.
            return false;
        }
    }

    private static void CollectLeniently(JsonNode? value, FieldShape shape, FieldSet set)
    {
        try
        {
            Collect(value, shape, set, everything: true);
        }
        catch (ApplyException)
        {
            set.Add();
        }
    }

    private static void Merge(FieldSet target, FieldSet source)
    {
        if (source.IsMember)
        {
            target.Add();
        }
        foreach (var (element, child) in source.Children)
        {
            Merge(target.Below(element), child);
        }
    }
}
