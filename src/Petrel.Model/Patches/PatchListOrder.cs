using System.Text.Json.Nodes;

namespace Petrel.Model.Patches;

/// <summary>
/// The order of merged lists. Items that the patch names follow the order of the patch. All other items keep their live order. Both are
/// interleaved, so that each other item stays ahead of the named items that it preceded in the live list.
/// </summary>
internal static class PatchListOrder
{
    /// <summary>Sorts <paramref name="merged"/> in place, and returns it.</summary>
    /// <param name="order">The elements (or their keys) in the desired order.</param>
    /// <param name="before">The list before the patch.</param>
    /// <param name="key">The merge key; null for lists of primitives.</param>
    public static JsonArray Arrange(JsonArray merged, JsonArray order, JsonArray before, string? key) =>
        Arrange(merged, Positions(order, key), Positions(before, key), key);

    /// <summary>As the other overload, with the positions of the elements in the desired order and in the list before the patch.</summary>
    public static JsonArray Arrange(JsonArray merged, Dictionary<string, int> wanted, Dictionary<string, int> live, string? key)
    {
        var items = merged.Select(i => (Node: i, Id: Id(i, key))).ToArray();
        merged.Clear();
        var named = items.Where(i => wanted.ContainsKey(i.Id)).OrderBy(i => wanted[i.Id]).ToArray();
        var others = items.Where(i => !wanted.ContainsKey(i.Id)).OrderBy(i => live.GetValueOrDefault(i.Id, int.MaxValue)).ToArray();

        var next = 0;
        foreach (var item in named)
        {
            while (
                next < others.Length
                && live.TryGetValue(others[next].Id, out var left)
                && live.TryGetValue(item.Id, out var right)
                && left < right
            )
            {
                merged.Add(others[next++].Node);
            }
            merged.Add(item.Node);
        }
        foreach (var item in others[next..])
        {
            merged.Add(item.Node);
        }
        return merged;
    }

    /// <summary>Checks that the elements of a patch are among those of its order directive, in the same order.</summary>
    public static void Check(JsonArray patch, JsonArray order, string? key)
    {
        var at = 0;
        var ids = order.Select(i => Id(i, key)).ToArray();
        foreach (var item in patch.Where(i => i is not JsonObject o || !o.ContainsKey("$patch")))
        {
            var id = Id(item, key);
            while (at < ids.Length && ids[at] != id)
            {
                at++;
            }
            if (at++ == ids.Length)
            {
                throw new PatchException(
                    $"The order in patch list:\n{patch.ToJsonString()}\n doesn't match $setElementOrder list:\n{order.ToJsonString()}\n"
                );
            }
        }
    }

    /// <summary>The value of an element's merge key, as text.</summary>
    public static string KeyOf(JsonNode? item, string key) =>
        item is JsonObject members && members.TryGetPropertyValue(key, out var value) && value is not null
            ? Text(value)
            : throw new PatchException($"map: {item?.ToJsonString() ?? "null"} does not contain declared merge key: {key}");

    /// <summary>A primitive as text. Upstream compares printed values, so 80 and "80" are the same key.</summary>
    public static string Text(JsonNode? value) =>
        value is JsonValue scalar && scalar.TryGetValue<string>(out var text) ? text : value?.ToJsonString() ?? "null";

    private static string Id(JsonNode? item, string? key) => key is not null && item is JsonObject ? KeyOf(item, key) : Text(item);

    /// <summary>The position of each element by its key, or of the first one with that key.</summary>
    public static Dictionary<string, int> Positions(IEnumerable<JsonNode?> list, string? key)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        var place = 0;
        foreach (var item in list)
        {
            positions.TryAdd(Id(item, key), place++);
        }
        return positions;
    }
}
