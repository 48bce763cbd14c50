using System.Text;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Caching;

/// <summary>What a watch event says.</summary>
internal enum EventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>
/// One change of one object. <see cref="Object"/> is null when it was deleted, <see cref="Previous"/> when it was created. Its
/// frames are made once and shared by all watchers.
/// </summary>
internal sealed class CacheEvent(long revision, WireObject? value, WireObject? previous)
{
    private byte[]? _added;
    private byte[]? _modified;
    private byte[]? _deleted;
    private OtherVersion? _other;

    public long Revision { get; } = revision;
    public WireObject? Object { get; } = value;
    public WireObject? Previous { get; } = previous;

    /// <summary>The same change in another version of the kind, converted once for all its watchers.</summary>
    public CacheEvent As(KindDefinition kind)
    {
        if ((Object ?? Previous)?.As(kind) is not { } shown || ReferenceEquals(shown, Object ?? Previous))
        {
            return this;
        }
        if (_other is { } other && ReferenceEquals(other.Kind, kind))
        {
            return other.Event;
        }
        var converted = new CacheEvent(Revision, Object?.As(kind), Previous?.As(kind));
        _other = new OtherVersion(kind, converted);
        return converted;
    }

    /// <summary>The object that an event of this type shows: a deletion shows the last state, under the deletion's revision.</summary>
    public WireObject Shown(EventType type) => type == EventType.Deleted ? Previous!.At(Revision) : Object!;

    /// <summary>The event as a line of a watch.</summary>
    public byte[] Frame(EventType type) =>
        type switch
        {
            EventType.Added => _added ??= MakeFrame(type, Shown(type)),
            EventType.Modified => _modified ??= MakeFrame(type, Shown(type)),
            _ => _deleted ??= MakeFrame(type, Shown(type)),
        };

    public static ReadOnlySpan<byte> FrameStart(EventType type) =>
        type switch
        {
            EventType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
            EventType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
            _ => "{\"type\":\"DELETED\",\"object\":"u8,
        };

    public static byte[] MakeFrame(EventType type, WireObject value)
    {
        var start = FrameStart(type);
        var frame = GC.AllocateUninitializedArray<byte>(start.Length + value.Length + 2);
        start.CopyTo(frame);
        var written = start.Length + value.CopyTo(frame.AsSpan(start.Length));
        "}\n"u8.CopyTo(frame.AsSpan(written));
        return frame;
    }

    public static byte[] MakeFrame(string type, ReadOnlySpan<byte> value)
    {
        var start = Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":");
        return [.. start, .. value, .. "}\n"u8];
    }

    private sealed record OtherVersion(KindDefinition Kind, CacheEvent Event);
}
