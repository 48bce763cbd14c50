using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Patches;

/// <summary>
/// JSON patch (RFC 6902): add, remove, replace, move, copy and test, all or nothing. The number of operations is limited as in upstream. So
/// is the amount by which copy operations may grow the document.
/// </summary>
public static class JsonPatch
{
    private const int MaxOperations = 10_000;

    // Copies of copies can grow the document without bound. Upstream limits the copied bytes to the size of a request (3 MiB).
    private const long MaxCopiedBytes = 3 * 1024 * 1024;

    // The number of nodes whose depth may be measured per patch. Each add, replace and move measures its value again, so this bounds the
    // cost of repeated moves. No legitimate patch comes near this limit.
    private const long MaxMeasured = 4 * 1024 * 1024;

    /// <summary>Returns a patched copy. The original is not changed.</summary>
    /// <exception cref="PatchException">An operation is malformed, its path does not exist, or a test fails.</exception>
    public static JsonNode? Apply(JsonNode? original, JsonArray operations)
    {
        if (operations.Count > MaxOperations)
        {
            throw new PatchException($"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");
        }
        var root = original?.DeepClone();
        long copied = 0,
            measured = 0;
        foreach (var item in operations)
        {
            if (item is not JsonObject operation)
            {
                throw new PatchException("a JSON patch operation must be an object");
            }
            var name = Text(operation, "op");
            var path = Pointer(operation, "path");
            switch (name)
            {
                case "add":
                    root = Add(root, path, Value(operation, name), ref measured);
                    break;
                case "remove":
                    root = Remove(root, path, name, out _);
                    break;
                case "replace":
                    root = Replace(root, path, Value(operation, name), ref measured);
                    break;
                case "test":
                    Test(root, path, Value(operation, name));
                    break;
                case "move":
                    root = Move(root, Pointer(operation, "from"), path, ref measured);
                    break;
                case "copy":
                    var copy = Find(root, Pointer(operation, "from"), name)?.DeepClone();
                    copied += copy?.ToJsonString().Length ?? 4;
                    if (copied > MaxCopiedBytes)
                    {
                        throw new PatchException(
                            $"Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the "
                                + $"limit {MaxCopiedBytes}"
                        );
                    }
                    root = Add(root, path, copy, ref measured);
                    break;
                default:
                    throw new PatchException($"Unexpected kind: {name}");
            }
        }
        return root;
    }

    // A sequence of operations could nest a document more deeply than a request body may be, and more deeply than the server can parse.
    private static void CheckDepth(string[] path, JsonNode? value, ref long measured)
    {
        if (path.Length + Depth(value, ref measured) > DeepJson.MaxDepthAccepted)
        {
            throw new PatchException(
                $"the patched document is nested too deeply: no more than {DeepJson.MaxDepthAccepted} levels are allowed"
            );
        }
        if (measured > MaxMeasured)
        {
            throw new PatchException("the patch moves too much");
        }
    }

    private static int Depth(JsonNode? node, ref long measured)
    {
        measured++;
        var below = 0;
        if (node is JsonObject members)
        {
            foreach (var (_, value) in members)
            {
                below = Math.Max(below, Depth(value, ref measured));
            }
            return below + 1;
        }
        if (node is JsonArray items)
        {
            foreach (var value in items)
            {
                below = Math.Max(below, Depth(value, ref measured));
            }
            return below + 1;
        }
        return 0;
    }

    private static JsonNode? Move(JsonNode? root, string[] from, string[] to, ref long measured)
    {
        if (to.Length > from.Length && to.AsSpan(0, from.Length).SequenceEqual(from))
        {
            throw new PatchException($"move operation: {Show(from)} cannot be moved into itself");
        }
        var rest = Remove(root, from, "move", out var moved);
        return Add(rest, to, moved, ref measured);
    }

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value, ref long measured)
    {
        CheckDepth(path, value, ref measured);
        if (path.Length == 0)
        {
            return value;
        }
        switch (Parent(root, path, "add"))
        {
            case JsonObject target:
                target[path[^1]] = value;
                break;
            case JsonArray list:
                list.Insert(path[^1] == "-" ? list.Count : Index(path[^1], list.Count, "add", path), value);
                break;
        }
        return root;
    }

    private static JsonNode? Remove(JsonNode? root, string[] path, string operation, out JsonNode? removed)
    {
        removed = Find(root, path, operation);
        if (path.Length == 0)
        {
            return null;
        }
        switch (Parent(root, path, operation))
        {
            case JsonObject target:
                target.Remove(path[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(path[^1], list.Count - 1, operation, path));
                break;
        }
        return root;
    }

    private static JsonNode? Replace(JsonNode? root, string[] path, JsonNode? value, ref long measured)
    {
        CheckDepth(path, value, ref measured);
        Find(root, path, "replace");
        if (path.Length == 0)
        {
            return value;
        }
        switch (Parent(root, path, "replace"))
        {
            case JsonObject target:
                target[path[^1]] = value;
                break;
            case JsonArray list:
                list[Index(path[^1], list.Count - 1, "replace", path)] = value;
                break;
        }
        return root;
    }

    private static void Test(JsonNode? root, string[] path, JsonNode? expected)
    {
        if (!JsonNode.DeepEquals(Find(root, path, "test"), expected))
        {
            throw new PatchException($"testing value {Show(path)} failed: test failed");
        }
    }

    private static JsonNode? Parent(JsonNode? root, string[] path, string operation)
    {
        var parent = Find(root, path.AsSpan(..^1), path, operation);
        return parent is JsonObject or JsonArray ? parent : throw Missing(operation, path);
    }

    private static JsonNode? Find(JsonNode? root, string[] path, string operation) => Find(root, path, path, operation);

    private static JsonNode? Find(JsonNode? root, ReadOnlySpan<string> steps, string[] path, string operation)
    {
        var node = root;
        foreach (var step in steps)
        {
            node = node switch
            {
                JsonObject target when target.TryGetPropertyValue(step, out var member) => member,
                JsonArray list => list[Index(step, list.Count - 1, operation, path)],
                _ => throw Missing(operation, path),
            };
        }
        return node;
    }

    private static int Index(string step, int max, string operation, string[] path)
    {
        // Leading zeros, signs and blanks are not array indices (RFC 6901, section 4).
        var valid = step.Length > 0 && (step == "0" || step[0] != '0') && step.All(char.IsAsciiDigit);
        if (!valid || !int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index > max)
        {
            throw new PatchException($"{operation} operation does not apply: doc is missing path: {Show(path)}: invalid index referenced");
        }
        return index;
    }

    private static string Text(JsonObject operation, string member) =>
        operation.TryGetPropertyValue(member, out var node) && node is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw new PatchException($"a JSON patch operation needs the string \"{member}\"");

    private static JsonNode? Value(JsonObject operation, string name) =>
        operation.TryGetPropertyValue("value", out var value)
            ? value?.DeepClone()
            : throw new PatchException($"a JSON patch operation \"{name}\" needs a \"value\"");

    private static string[] Pointer(JsonObject operation, string member)
    {
        var pointer = Text(operation, member);
        if (pointer.Length == 0)
        {
            return [];
        }
        if (pointer[0] != '/')
        {
            throw new PatchException($"{member}: \"{pointer}\" is not a JSON pointer: it must be empty or begin with /");
        }
        return
        [
            .. pointer[1..]
                .Split('/')
                .Select(s => s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)),
        ];
    }

    private static PatchException Missing(string operation, string[] path) =>
        new($"{operation} operation does not apply: doc is missing path: {Show(path)}: missing value");

    private static string Show(string[] path) =>
        string.Concat(path.Select(s => "/" + s.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));
}
