using System.Globalization;
using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Objects;

/// <summary>Reads and writes the parts that all documents have, beyond <see cref="Kinds.Fields"/>.</summary>
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

    /// <summary>The time now, as metadata writes it.</summary>
    public static string Timestamp(this TimeProvider time) => Timestamp(time.GetUtcNow());

    public static string Timestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
