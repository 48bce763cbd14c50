using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Objects;

/// <summary>Reads and writes the common parts of documents.</summary>
internal static class DocumentAccess
{
    /// <summary><c>metadata</c>, made when absent.</summary>
    public static JsonObject Metadata(this JsonObject document)
    {
        if (document["metadata"] is JsonObject metadata)
        {
            return metadata;
        }
        metadata = [];
        document["metadata"] = metadata;
        return metadata;
    }

    /// <summary>A string member, or empty.</summary>
    public static string Text(this JsonObject parent, string name) =>
        parent[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    /// <summary>An integer member, or null.</summary>
    public static long? Integer(this JsonObject parent, string name) =>
        parent[name] is JsonValue value && value.TryGetValue<long>(out var number) ? number
        : parent[name] is JsonValue small && small.TryGetValue<int>(out var integer) ? integer
        : null;

    /// <summary>An object member, or null.</summary>
    public static JsonObject? Object(this JsonObject parent, string name) => parent[name] as JsonObject;

    /// <summary>An object member, made when absent.</summary>
    public static JsonObject ObjectOrNew(this JsonObject parent, string name)
    {
        if (parent[name] is JsonObject member)
        {
            return member;
        }
        member = [];
        parent[name] = member;
        return member;
    }

    /// <summary>The strings of an array member; none when absent.</summary>
    public static IReadOnlyList<string> Texts(this JsonObject parent, string name) =>
        parent[name] is JsonArray array ? [.. array.Select(v => (string)v!)] : [];

    /// <summary>Sets a member to a copy of another document's, or removes it when that has none.</summary>
    public static void CopyFrom(this JsonObject parent, JsonObject other, string name)
    {
        if (other[name] is { } value)
        {
            parent[name] = value.DeepClone();
        }
        else
        {
            parent.Remove(name);
        }
    }

    /// <summary>A time as metadata writes it.</summary>
    public static string Timestamp(this TimeProvider time) => Timestamp(time.GetUtcNow());

    public static string Timestamp(DateTimeOffset time) => 
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
