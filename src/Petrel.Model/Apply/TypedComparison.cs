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

/// <summary>What a write is known to leave as it was, so that it need not be compared.</summary>
/// <param name="Member">Whether a top-level member is unchanged.</param>
/// <param name="OfMetadata">Whether a member of the metadata is unchanged.</param>
public sealed record UnchangedFields(Func<string, bool> Member, Func<string, bool> OfMetadata);

/// <summary>Compares documents field by field, by their schema (structured-merge-diff's Compare).</summary>
public static class TypedComparison
{
    // Longer lists are compared by tables.
    private const int MostSearched = 16;

    private static readonly List<JsonNode?> None = [];

    /// <summary>Compares two documents, except for the fields that <paramref name="unchanged"/> knows to be equal.</summary>
    public static FieldComparison Compare(JsonObject before, JsonObject after, SchemaType type, UnchangedFields? unchanged = null)
    {
        var found = Members(before, true, after, true, FieldShape.Of(type), unchanged?.Member, unchanged?.OfMetadata);
        return new(found.Added ?? new(), found.Modified ?? new(), found.Removed ?? new());
    }

    // was and isThere: whether the value exists before and after. An explicit null exists.
    private static Found Members(
        JsonObject? before,
        bool was,
        JsonObject? after,
        bool isThere,
        FieldShape shape,
        Func<string, bool>? skip = null,
        Func<string, bool>? skipOfMetadata = null
    )
    {
        var found = default(Found);
        foreach (var (name, value) in after ?? [])
        {
            if (skip?.Invoke(name) != true && shape.Member(name) is { } child)
            {
                JsonNode? old = null;
                var wasChild = before?.TryGetPropertyValue(name, out old) == true || (was && IsAlwaysThere(shape, name));
                found.PutMember(
                    name,
                    skipOfMetadata is not null && name == "metadata" && old is JsonObject earlier && value is JsonObject later
                        ? Members(earlier, true, later, true, child, skipOfMetadata)
                        : Values(old, wasChild, value, true, child)
                );
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
                    && Lists(before as JsonArray, after as JsonArray, shape) is { } items:
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
    private static Found? Lists(JsonArray? before, JsonArray? after, FieldShape shape)
    {
        // Most lists do not differ. Comparing their bytes creates none of their nodes.
        if (before is not null && after is not null && JsonEquality.HaveSameBytes(before, after))
        {
            return default(Found);
        }
        try
        {
            var (old, now) = (shape.Items(before ?? []), shape.Items(after ?? []));
            return old.Count > MostSearched || now.Count > MostSearched || HasDuplicates(old) || HasDuplicates(now)
                ? Grouped(old, now, shape)
                : Distinct(old, now, shape);
        }
        catch (ApplyException)
        {
            return null;
        }
    }

    // Short lists, whose items differ in their keys, are searched: that takes less than building tables.
    private static Found Distinct(
        List<KeyValuePair<string, JsonNode?>> before,
        List<KeyValuePair<string, JsonNode?>> after,
        FieldShape shape
    )
    {
        var found = default(Found);
        for (var i = 0; i < before.Count; i++)
        {
            var (element, old) = before[i];
            var at = i < after.Count && after[i].Key == element ? i : IndexOf(after, element);
            found.Put(element, Item(old, true, at < 0 ? null : after[at].Value, at >= 0, shape));
        }
        foreach (var (element, item) in after)
        {
            if (IndexOf(before, element) < 0)
            {
                found.Put(element, Item(null, false, item, true, shape));
            }
        }
        return found;
    }

    private static bool HasDuplicates(List<KeyValuePair<string, JsonNode?>> items)
    {
        for (var i = 1; i < items.Count; i++)
        {
            if (IndexOf(items, items[i].Key) < i)
            {
                return true;
            }
        }
        return false;
    }

    private static int IndexOf(List<KeyValuePair<string, JsonNode?>> items, string element)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Key == element)
            {
                return i;
            }
        }
        return -1;
    }

    private static Found Grouped(
        List<KeyValuePair<string, JsonNode?>> before,
        List<KeyValuePair<string, JsonNode?>> after,
        FieldShape shape
    )
    {
        var order = new List<string>(after.Count);
        var (old, now) = (Group(before, order), Group(after, order));
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
        return Item(was ? before[0] : null, was, isThere ? after[0] : null, isThere, shape);
    }

    private static Found Item(JsonNode? before, bool was, JsonNode? after, bool isThere, FieldShape shape) =>
        shape.Kind == ShapeKind.ListMap ? Values(before, was, after, isThere, shape.Item) : Whole(null, was, null, isThere);

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
