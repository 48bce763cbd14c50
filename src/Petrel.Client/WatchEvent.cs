using System.Text;
using System.Text.Json;
using k8s;
using k8s.Models;
using Petrel.Model.Documents;

namespace Petrel.Client;

/// <summary>What happened to a watched object.</summary>
public enum WatchEventKind
{
    Added,
    Modified,
    Deleted,

    /// <summary>Nothing changed; everything up to <see cref="WatchEvent{T}.Revision"/> has been seen.</summary>
    Bookmark,
}

/// <summary>One event of a watch; <see cref="Object"/> is null for bookmarks.</summary>
public readonly record struct WatchEvent<T>(WatchEventKind Kind, T? Object, ulong Revision)
    where T : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Reads one line of a watch.</summary>
    /// <exception cref="ApiException">The line is an ERROR event.</exception>
    public static WatchEvent<T> Parse(string line)
    {
        using var document = DeepJson.Document(Encoding.UTF8.GetBytes(line));
        var type = document.RootElement.GetProperty("type").GetString();
        var element = document.RootElement.GetProperty("object");
        if (type == "ERROR")
        {
            var status = KubernetesJson.Deserialize<V1Status>(element.GetRawText());
            throw new ApiException(status.Code ?? 500, status);
        }
        if (type == "BOOKMARK")
        {
            var revision = element.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
            return new(WatchEventKind.Bookmark, default, ulong.Parse(revision));
        }
        var value = KubernetesJson.Deserialize<T>(element.GetRawText());
        var kind = type switch
        {
            "ADDED" => WatchEventKind.Added,
            "MODIFIED" => WatchEventKind.Modified,
            "DELETED" => WatchEventKind.Deleted,
            _ => throw new IOException($"Unknown watch event type '{type}'."),
        };
        return new(kind, value, ulong.Parse(value.Metadata.ResourceVersion));
    }
}
