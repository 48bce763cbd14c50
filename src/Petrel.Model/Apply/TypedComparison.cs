using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>The differences between two documents. A field is in at most one of the sets.</summary>
/// <param name="Added">Fields that only the later document has.</param>
/// <param name="Modified">Fields whose value differs.</param>
/// <param name="Removed">Fields that only the earlier document has.</param>
public sealed record FieldComparison(FieldSet Added, FieldSet Modified, FieldSet Removed)
{
    public bool IsSame => Added.IsEmpty && Modified.IsEmpty && Removed.IsEmpty;

    /// <summary>The fields that were added or modified.</summary>
    public FieldSet Changed => Added.Union(Modified);
}

/// <summary>Compares documents field by field, by their schema (structured-merge-diff's Compare).</summary>
public static class TypedComparison
{
    private static readonly List<JsonNode?> None = [];

    /// <summary>
    /// Compares two documents, except for the top-level members that <paramref name="skip"/> selects, which are known to be equal.
    /// </summary>
    public static FieldComparison Compare(JsonObject before, JsonObject after, SchemaType type, Func<string, bool>? skip = null)
    {
        var found = Members(before, true, after, true, FieldShape.Of(type), skip);
        return new(found.Added ?? new(), found.Modified ?? new(), found.Removed ?? new());
    }

    // was and isThere: whether the value exists before and after. An explicit null exists.
    private static Found Members(
        JsonObject? before,
        bool was,
        JsonObject? after,
        bool isThere,
        FieldShape shape,
        Func<string, bool>? skip = null
    )
    {
        var found = default(Found);
        foreach (var (name, value) in after ?? [])
        {
            if (skip?.Invoke(name) != true && shape.Member(name) is { } child)
            {
                JsonNode? old = null;
                var wasChild = before?.TryGetPropertyValue(name, out old) == true || (was && IsAlwaysThere(shape, name));
                found.PutMember(name, Values(old, wasChild, value, true, child));
            }
        }
        foreach (var (name, old) in before ?? [])
        {
            if (after?.ContainsKey(name) != true && skip?.Invoke(name) != true && shape.Member(name) is { } child)
            {
                found.PutMember(name, Values(old, true, null, isThere && IsAlwaysThere(shape, name), child));
            }
        }
        return found;
    }

    // Upstream's Go types always contain their structs that are held by value, and the lists that they serialize even when null. Fields of
    // custom resources have no protobuf numbers, so this does not apply to them.
    internal static bool IsAlwaysThere(FieldShape shape, string name) =>
        shape.Kind == ShapeKind.Struct
        && shape.Type!.Field(name) is { Number: not 0, IsMap: false } field
        && (field is { Kind: FieldKind.Object, IsValue: true, IsList: false } || field is { IsList: true, Required: true });

    private static Found Values(JsonNode? before, bool was, JsonNode? after, bool isThere, FieldShape shape)
    {
        var kind = shape.Resolve(after ?? before);
        if (kind == ShapeKind.Leaf || (IsBare(before) && IsBare(after)))
        {
            return Whole(before, was, after, isThere);
        }
        Found found;
        switch (kind)
        {
            case ShapeKind.Struct or ShapeKind.Map when before is null or JsonObject && after is null or JsonObject:
                found = Members(before as JsonObject, was, after as JsonObject, isThere, shape);
                break;
            case ShapeKind.ListMap
            or ShapeKind.Set
                when before is null or JsonArray
                    && after is null or JsonArray
                    && Items(before as JsonArray ?? [], after as JsonArray ?? [], shape) is { } items:
                found = items;
                break;
            default:
                return Whole(before, was, after, isThere);
        }
        if (!was)
        {
            found.Added = found.Added?.AsMember() ?? FieldSet.Leaf;
        }
        else if (!isThere)
        {
            found.Removed = found.Removed?.AsMember() ?? FieldSet.Leaf;
        }
        return found;
    }

    internal static bool IsBare(JsonNode? value) => value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    // A value that always exists upstream may be absent from the document. Its absence then equals its empty form.
    private static Found Whole(JsonNode? before, bool was, JsonNode? after, bool isThere) =>
        !was ? new() { Added = FieldSet.Leaf }
        : !isThere ? new() { Removed = FieldSet.Leaf }
        : !(before is null && IsBare(after)) && !JsonEquality.DeepEquals(before, after) ? new() { Modified = FieldSet.Leaf }
        : default;

    // Null when items cannot be told apart, which only updates (not applies) can cause. The lists are then compared as a whole.
    private static Found? Items(JsonArray before, JsonArray after, FieldShape shape)
    {
        var order = new List<string>(after.Count);
        Dictionary<string, List<JsonNode?>> old;
        Dictionary<string, List<JsonNode?>> now;
        try
        {
            old = Group(shape.Items(before), order);
            now = Group(shape.Items(after), order);
        }
        catch (ApplyException)
        {
            return null;
        }
        var found = default(Found);
        foreach (var element in order.Distinct(StringComparer.Ordinal))
        {
            found.Put(element, Same(old.GetValueOrDefault(element, None), now.GetValueOrDefault(element, None), shape));
        }
        return found;
    }

    // Duplicate items are compared as a whole.
    private static Found Same(List<JsonNode?> before, List<JsonNode?> after, FieldShape shape)
    {
        if (before.Count <= 1 && after.Count <= 1)
        {
            return Item(before, after, shape);
        }
        var found = default(Found);
        if (before.Count >= 2 && after.Count >= 2)
        {
            if (before.Count != after.Count || !before.Zip(after).All(pair => JsonNode.DeepEquals(pair.First, pair.Second)))
            {
                found.Modified = FieldSet.Leaf;
            }
        }
        else if (before.Count >= 2)
        {
            found = after.Count > 0 ? Item(None, after, shape) : default;
            found.Removed = found.Removed?.AsMember() ?? FieldSet.Leaf;
        }
        else
        {
            found = before.Count > 0 ? Item(before, None, shape) : default;
            found.Added = found.Added?.AsMember() ?? FieldSet.Leaf;
        }
        return found;
    }

    private static Found Item(List<JsonNode?> before, List<JsonNode?> after, FieldShape shape)
    {
        var (was, isThere) = (before.Count > 0, after.Count > 0);
        return shape.Kind == ShapeKind.ListMap
            ? Values(was ? before[0] : null, was, isThere ? after[0] : null, isThere, shape.Item)
            : Whole(null, was, null, isThere);
    }

    private static Dictionary<string, List<JsonNode?>> Group(List<KeyValuePair<string, JsonNode?>> items, List<string> order)
    {
        var groups = new Dictionary<string, List<JsonNode?>>(items.Count, StringComparer.Ordinal);
        foreach (var (element, item) in items)
        {
            if (!groups.TryGetValue(element, out var group))
            {
                groups[element] = group = [];
                order.Add(element);
            }
            group.Add(item);
        }
        return groups;
    }

    // The three sets for one node of the documents. Most nodes do not differ, so a set is allocated only when it is needed.
    private struct Found
    {
        public FieldSet? Added;
        public FieldSet? Modified;
        public FieldSet? Removed;

        private readonly bool IsNothing => Added is null && Modified is null && Removed is null;

        public void PutMember(string name, Found below)
        {
            if (!below.IsNothing)
            {
                Put(PathElement.Field(name), below);
            }
        }

        public void Put(string element, Found below)
        {
            Put(ref Added, element, below.Added);
            Put(ref Modified, element, below.Modified);
            Put(ref Removed, element, below.Removed);
        }

        private static void Put(ref FieldSet? set, string element, FieldSet? below)
        {
            if (below is not null)
            {
                (set ??= new()).Put(element, below);
            }
        }
    }
}
