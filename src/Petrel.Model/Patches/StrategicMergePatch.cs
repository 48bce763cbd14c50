using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Patches;

/// <summary>
/// Kubernetes' strategic merge patch: a merge patch in which some lists merge by key, with the directives <c>$patch</c>,
/// <c>$retainKeys</c>, <c>$setElementOrder/LIST</c> and <c>$deleteFromPrimitiveList/LIST</c> (API conventions and kubectl's
/// "update API objects in place using kubectl patch"). Behaves as apimachinery's strategicpatch does in the API server.
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string SetElementOrder = "$setElementOrder/";
    private const string DeleteFromPrimitiveList = "$deleteFromPrimitiveList/";

    /// <summary>Returns a patched copy. Neither document is changed.</summary>
    /// <exception cref="PatchException">A directive is malformed, or a list element lacks its merge key.</exception>
    public static JsonObject Apply(JsonObject original, JsonObject patch, SchemaType schema) =>
        Merge((JsonObject)original.DeepClone(), (JsonObject)patch.DeepClone(), schema);

    /// <summary>
    /// As <see cref="Apply"/>, but changes the original into the result, and takes parts of the patch. Neither is usable if it fails.
    /// </summary>
    /// <exception cref="PatchException">A directive is malformed, or a list element lacks its merge key.</exception>
    public static JsonObject Merge(JsonObject original, JsonObject patch, SchemaType schema) => MergeObject(original, patch, schema);

    // Modifies and consumes both arguments, which the caller must own. Without a schema, a list in the patch replaces the original list.
    private static JsonObject MergeObject(JsonObject original, JsonObject patch, SchemaType? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            patch.Remove(Directive);
            return Text(directive) switch
            {
                "replace" => patch,
                "delete" => [],
                _ => throw new PatchException($"unknown patch type found: {directive?.ToJsonString() ?? "null"}"),
            };
        }
        ApplyRetainKeys(original, patch);
        ApplyElementOrder(original, patch, schema);
        foreach (var (name, value) in patch.ToArray())
        {
            patch.Remove(name);
            if (name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal))
            {
                DeletePrimitives(original, name[DeleteFromPrimitiveList.Length..], value);
                continue;
            }
            if (value is null)
            {
                original.Remove(name);
                continue;
            }
            var field = schema?.Field(name);
            if (original[name] is JsonObject before && value is JsonObject change)
            {
                var merged = MergeObject(before, change, field is { IsMap: false } ? field.Type : null);
                if (!ReferenceEquals(merged, before))
                {
                    original[name] = merged;
                }
                continue;
            }
            original[name] = (original[name], value) switch
            {
                (JsonArray list, JsonArray items) when field is { PatchMerge: true } => MergeList(list, items, field),
                (JsonArray, JsonArray items) => items,
                _ => WithoutDirectives(value),
            };
        }
        return original;
    }

    private static void ApplyRetainKeys(JsonObject original, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var directive))
        {
            return;
        }
        patch.Remove(RetainKeys);
        if (directive is not JsonArray list || list.Any(k => Text(k) is null))
        {
            throw new PatchException("invalid patch format of retainKeys");
        }
        var retained = list.Select(k => Text(k)!).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, value) in patch)
        {
            var isDirective =
                name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal)
                || name.StartsWith(SetElementOrder, StringComparison.Ordinal);
            if (value is not null && !isDirective && !retained.Contains(name))
            {
                throw new PatchException("invalid patch format of retainKeys");
            }
        }
        foreach (var name in original.Select(m => m.Key).Where(k => !retained.Contains(k)).ToArray())
        {
            original.Remove(name);
        }
    }

    private static void ApplyElementOrder(JsonObject original, JsonObject patch, SchemaType? schema)
    {
        foreach (var (directive, value) in patch.Where(m => m.Key.StartsWith(SetElementOrder, StringComparison.Ordinal)).ToArray())
        {
            patch.Remove(directive);
            if (value is not JsonArray order)
            {
                throw new PatchException("invalid patch format of setElementOrder list");
            }
            var name = directive[SetElementOrder.Length..];
            var field = schema?.Field(name);
            var before = List(original, name);
            var change = List(patch, name);
            // The regular merge handles the field when neither side has a list, or when the patch sets it to null or to another type.
            if (before is null && change is null || change is null && patch.ContainsKey(name))
            {
                continue;
            }
            if (change is not null)
            {
                PatchListOrder.Check(change, order, field?.PatchMergeKey);
                patch.Remove(name);
            }
            var merged =
                before is null ? (JsonArray)WithoutDirectives(change!)
                : change is null ? (JsonArray)before.DeepClone()
                : field is { PatchMerge: true } ? MergeList((JsonArray)before.DeepClone(), change, field)
                : change;
            original[name] = PatchListOrder.Arrange(merged, order, before ?? [], field?.PatchMergeKey);
        }
    }

    private static void DeletePrimitives(JsonObject original, string name, JsonNode? values)
    {
        if (values is not JsonArray deleted || deleted.Any(v => v is JsonObject or JsonArray))
        {
            throw new PatchException("invalid patch format of primitive list");
        }
        if (List(original, name) is not { } list)
        {
            return;
        }
        var keys = deleted.Select(PatchListOrder.Text).ToHashSet(StringComparer.Ordinal);
        original[name] = new JsonArray([.. list.Where(v => !keys.Contains(PatchListOrder.Text(v))).Select(v => v?.DeepClone())]);
    }

    // Consumes both lists. The result is a new one.
    private static JsonArray MergeList(JsonArray original, JsonArray patch, SchemaField field)
    {
        if (original.Count == 0 && patch.Count == 0)
        {
            return [];
        }
        var key = field.PatchMergeKey;
        if (field.Kind != FieldKind.Object)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var union = new JsonArray([.. original.Concat(patch).Where(v => seen.Add(PatchListOrder.Text(v))).Select(v => v?.DeepClone())]);
            return PatchListOrder.Arrange(union, patch, original, null);
        }
        if (key is null)
        {
            throw new PatchException($"cannot merge lists without merge key for {field.Name}");
        }
        var live = PatchListOrder.Positions(original, key);
        var (kept, changes) = ApplyElementDirectives(original, patch, key);
        // The merge consumes the changes, so note their order first.
        var wanted = PatchListOrder.Positions(changes, key);
        var result = kept.ToList();
        foreach (var change in changes)
        {
            var value = PatchListOrder.KeyOf(change, key);
            var index = result.FindIndex(item => PatchListOrder.KeyOf(item, key) == value);
            if (index < 0)
            {
                result.Add((JsonObject)WithoutDirectives(change));
            }
            else
            {
                result[index] = MergeObject(result[index], change, field.Type);
            }
        }
        return PatchListOrder.Arrange(new JsonArray([.. result]), wanted, live, key);
    }

    // Removes the $patch: delete and $patch: replace elements from the patch, and carries them out.
    private static (List<JsonObject> Kept, List<JsonObject> Changes) ApplyElementDirectives(JsonArray original, JsonArray patch, string key)
    {
        var kept = Elements(original);
        var changes = new List<JsonObject>();
        var replace = false;
        foreach (var item in Elements(patch))
        {
            if (!item.TryGetPropertyValue(Directive, out var directive))
            {
                changes.Add(item);
                continue;
            }
            switch (Text(directive))
            {
                case "delete":
                    var value = PatchListOrder.KeyOf(item, key);
                    kept.RemoveAll(k => PatchListOrder.KeyOf(k, key) == value);
                    break;
                case "replace":
                    replace = true;
                    break;
                case "merge":
                    throw new PatchException("merging lists cannot yet be specified in the patch");
                default:
                    throw new PatchException($"unknown patch type found: {directive?.ToJsonString() ?? "null"}");
            }
        }
        return replace ? ([], changes) : (kept, changes);
    }

    private static List<JsonObject> Elements(JsonArray list)
    {
        var result = list.Select(i =>
                i as JsonObject ?? throw new PatchException($"expected a list of objects, found {i?.ToJsonString() ?? "null"}")
            )
            .ToList();
        list.Clear();
        return result;
    }

    // Prepares a value that the patch adds where the object has none. Its directives and nulls have nothing to act on, so they are dropped.
    // The value itself is changed and returned.
    private static JsonNode WithoutDirectives(JsonNode value)
    {
        switch (value)
        {
            case JsonObject members:
                List<string>? dropped = null;
                foreach (var (name, member) in members)
                {
                    if (
                        member is null
                        || name is Directive or RetainKeys
                        || name.StartsWith(SetElementOrder, StringComparison.Ordinal)
                        || name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal)
                    )
                    {
                        (dropped ??= []).Add(name);
                    }
                    else
                    {
                        WithoutDirectives(member);
                    }
                }
                dropped?.ForEach(name => members.Remove(name));
                break;
            case JsonArray list:
                // An element that is only a directive ($patch: delete) adds nothing.
                list.RemoveAll(item => item is JsonObject element && element.ContainsKey(Directive));
                foreach (var item in list)
                {
                    if (item is not null)
                    {
                        WithoutDirectives(item);
                    }
                }
                break;
        }
        return value;
    }

    private static JsonArray? List(JsonObject parent, string name) =>
        parent.TryGetPropertyValue(name, out var value) ? value as JsonArray : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
