using System.Runtime.InteropServices;
using System.Text.Json;
using k8s;
using k8s.Models;
using Petrel.Model.Documents;

namespace Petrel.Client;

/// <summary>The type of a watch event.</summary>
public enum WatchEventKind
{
    Added,
    Modified,
    Deleted,

    /// <summary>No object changed. The watch has delivered every change up to <see cref="WatchEvent{T}.Revision"/>.</summary>
    Bookmark,
}

/// <summary>One event of a watch; <see cref="Object"/> is null for bookmarks.</summary>
public readonly record struct WatchEvent<T>(WatchEventKind Kind, T? Object, ulong Revision)
    where T : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>
    /// Reads one line of a watch. If <paramref name="shared"/>, other caches may hold the same object, so it must not be changed.
    /// </summary>
    /// <exception cref="ApiException">The line is an ERROR event.</exception>
    internal static WatchEvent<T> Parse(ReadOnlyMemory<byte> line, bool shared = false)
    {
        // If the bytes are known to be one whole object, the line certainly has the usual form.
        if (shared && WatchLine.TrySplit(line.Span, out var seen, out var bytes) && SharedObjects<T>.Find(bytes) is { } known)
        {
            return new(seen, known.Value, known.Revision);
        }
        using var document = DeepJson.Document(line);
        var type = document.RootElement.GetProperty("type").GetString();
        var element = document.RootElement.GetProperty("object");
        if (type == "ERROR")
        {
            var status = ObjectJson.Read<V1Status>(JsonMarshal.GetRawUtf8Value(element));
            throw new ApiException(status.Code ?? 500, status);
        }
        if (type == "BOOKMARK")
        {
            return new(WatchEventKind.Bookmark, default, element.ObjectRevision());
        }
        var kind = type switch
        {
            "ADDED" => WatchEventKind.Added,
            "MODIFIED" => WatchEventKind.Modified,
            "DELETED" => WatchEventKind.Deleted,
            _ => throw new IOException($"Unknown watch event type '{type}'."),
        };
        var json = JsonMarshal.GetRawUtf8Value(element);
        if (shared)
        {
            var read = SharedObjects<T>.Read(json);
            return new(kind, read.Value, read.Revision);
        }
        var value = ObjectJson.Read<T>(json);
        return new(kind, value, value.Revision());
    }
}

/// <summary>The usual form of a watch event from an API server.</summary>
internal static class WatchLine
{
    private static ReadOnlySpan<byte> Added => "{\"type\":\"ADDED\",\"object\":"u8;

    private static ReadOnlySpan<byte> Modified => "{\"type\":\"MODIFIED\",\"object\":"u8;

    private static ReadOnlySpan<byte> Deleted => "{\"type\":\"DELETED\",\"object\":"u8;

    /// <summary>
    /// Splits a line of the usual form. If the line has another form, <paramref name="value"/> may hold more than the object's bytes.
    /// </summary>
    public static bool TrySplit(ReadOnlySpan<byte> line, out WatchEventKind kind, out ReadOnlySpan<byte> value)
    {
        (kind, var start) =
            line.StartsWith(Modified) ? (WatchEventKind.Modified, Modified.Length)
            : line.StartsWith(Added) ? (WatchEventKind.Added, Added.Length)
            : line.StartsWith(Deleted) ? (WatchEventKind.Deleted, Deleted.Length)
            : (WatchEventKind.Bookmark, 0);
        var found = start > 0 && line[^1] == '}';
        value = found ? line[start..^1] : default;
        return found;
    }
}
