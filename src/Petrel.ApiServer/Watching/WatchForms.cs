using System.Text;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Watching;

/// <summary>Writes the events of one watch in the form that its client asked for. Each frame is one line.</summary>
internal interface IWatchForm
{
    /// <summary>An object that was there when the watch began.</summary>
    byte[] Initial(WireObject value);

    byte[] Event(CacheEvent change, EventType type);

    /// <summary>Everything up to <paramref name="revision"/> has been sent; marked when that ends the initial events.</summary>
    byte[] Bookmark(long revision, bool initialEventsEnd);
}

internal static class WatchForms
{
    public static IWatchForm Of(ResourceRequest request, TimeProvider time) =>
        request.Format switch
        {
            ResponseFormat.Table => new TableWatchForm(request, time),
            ResponseFormat.Metadata => new MetadataWatchForm(),
            _ => new ObjectWatchForm(request.Kind.Gvk.Kind, request.Kind.Gvk.ApiVersion),
        };

    internal static byte[] Bookmark(string kind, string apiVersion, long revision, bool initialEventsEnd)
    {
        var annotations = initialEventsEnd ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
        return CacheEvent.MakeFrame(
            "BOOKMARK",
            Encoding.UTF8.GetBytes(
                $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{apiVersion}\",\"metadata\":{{\"resourceVersion\":\"{revision}\","
                    + $"\"creationTimestamp\":null{annotations}}}}}"
            )
        );
    }
}

/// <summary>Whole objects, in frames that all watchers share.</summary>
internal sealed class ObjectWatchForm(string kind, string apiVersion) : IWatchForm
{
    public byte[] Initial(WireObject value) => CacheEvent.MakeFrame(EventType.Added, value);

    public byte[] Event(CacheEvent change, EventType type) => change.Frame(type);

    public byte[] Bookmark(long revision, bool initialEventsEnd) => WatchForms.Bookmark(kind, apiVersion, revision, initialEventsEnd);
}

/// <summary>Metadata alone.</summary>
internal sealed class MetadataWatchForm : IWatchForm
{
    public byte[] Initial(WireObject value) => CacheEvent.MakeFrame("ADDED", MetadataForm.Of(value));

    public byte[] Event(CacheEvent change, EventType type) =>
        CacheEvent.MakeFrame(type.ToString().ToUpperInvariant(), MetadataForm.Of(change.Shown(type)));

    public byte[] Bookmark(long revision, bool initialEventsEnd) =>
        WatchForms.Bookmark("PartialObjectMetadata", "meta.k8s.io/v1", revision, initialEventsEnd);
}

/// <summary>Tables of one row; the columns are described in the first one only.</summary>
internal sealed class TableWatchForm(ResourceRequest request, TimeProvider time) : IWatchForm
{
    private bool _described;

    public byte[] Initial(WireObject value) => Row(EventType.Added, value);

    public byte[] Event(CacheEvent change, EventType type) => Row(type, change.Shown(type));

    public byte[] Bookmark(long revision, bool initialEventsEnd) =>
        WatchForms.Bookmark(request.Kind.Gvk.Kind, request.Kind.Gvk.ApiVersion, revision, initialEventsEnd);

    private byte[] Row(EventType type, WireObject value)
    {
        var table = TableForm.Of(request, value, time.GetUtcNow(), withColumns: !_described);
        _described = true;
        return CacheEvent.MakeFrame(type.ToString().ToUpperInvariant(), table.Span);
    }
}
