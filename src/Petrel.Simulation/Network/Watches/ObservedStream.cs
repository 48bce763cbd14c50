using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.Simulation.Network.Watches;

/// <summary>Reads the events out of a watch's chunks, of which each is one or more whole lines, and shows them to an observer.</summary>
internal sealed class ObservedStream
{
    private readonly IWatchObserver _observer;
    private readonly ObservedWatch _watch;

    private ObservedStream(IWatchObserver observer, ObservedWatch watch)
    {
        _observer = observer;
        _watch = watch;
        observer.Began(watch);
    }

    /// <summary>Begins to observe; null when the request is no watch.</summary>
    public static ObservedStream? Begin(IWatchObserver observer, string watcher, ApiRequest request)
    {
        var info = RequestInfo.Parse(request);
        if (!info.IsResource || info.Verb != "watch")
        {
            return null;
        }
        var fields = request.QueryValue("fieldSelector") ?? "";
        return new(
            observer,
            new()
            {
                Watcher = watcher,
                Group = info.Group,
                Version = info.Version,
                Resource = info.Resource,
                Namespace = info.Resource == "namespaces" ? "" : info.Namespace,
                LabelSelector = request.QueryValue("labelSelector") ?? "",
                // A watch on one object's path is a watch of its name.
                FieldSelector =
                    info.Name.Length == 0
                        ? fields
                        : string.Join(',', new[] { fields, $"metadata.name={info.Name}" }.Where(f => f.Length > 0)),
                After =
                    long.TryParse(request.QueryValue("resourceVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out var after)
                    && after > 0
                    && request.QueryValue("sendInitialEvents") is null
                        ? after
                        : null,
                Accept = request.Accept,
            }
        );
    }

    public void Received(ReadOnlySpan<byte> chunk)
    {
        foreach (var range in chunk.Split((byte)'\n'))
        {
            if (chunk[range] is { IsEmpty: false } line)
            {
                _observer.Received(_watch, Read(line));
            }
        }
    }

    public void Ended(string how) => _observer.Ended(_watch, how);

    // A line is {"type":"…","object":{"apiVersion":…,"kind":…,"metadata":{"resourceVersion":…,"name":…,"namespace":…,…},…}}.
    // The fields that are read come early.
    private static ObservedEvent Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        var (type, name, space, revision) = (ObservedEventType.Error, "", "", 0L);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }
            if (reader.CurrentDepth == 1 && reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = TypeOf(ref reader);
                if (type == ObservedEventType.Error)
                {
                    break;
                }
            }
            else if (reader.CurrentDepth == 1 || (reader.CurrentDepth == 2 && reader.ValueTextEquals("metadata"u8)))
            {
                // Into the object, and into its metadata.
            }
            else if (reader.CurrentDepth == 3 && reader.ValueTextEquals("resourceVersion"u8))
            {
                reader.Read();
                revision = long.Parse(reader.GetString()!, CultureInfo.InvariantCulture);
            }
            else if (reader.CurrentDepth == 3 && reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                name = reader.GetString()!;
            }
            else if (reader.CurrentDepth == 3 && reader.ValueTextEquals("namespace"u8))
            {
                reader.Read();
                space = reader.GetString()!;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return new(type, space.Length == 0 ? name : $"{space}/{name}", revision, Hash(line));
    }

    private static ObservedEventType TypeOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("ADDED"u8) ? ObservedEventType.Added
        : reader.ValueTextEquals("MODIFIED"u8) ? ObservedEventType.Modified
        : reader.ValueTextEquals("DELETED"u8) ? ObservedEventType.Deleted
        : reader.ValueTextEquals("BOOKMARK"u8) ? ObservedEventType.Bookmark
        : ObservedEventType.Error;

    // FNV-1a over words, which is enough to tell two versions of an object apart, and cheap.
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        const ulong Prime = 0x100000001B3;
        var hash = 0xCBF29CE484222325;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * Prime;
        }
        foreach (var last in bytes)
        {
            hash = (hash ^ last) * Prime;
        }
        return hash;
    }
}
