using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;
using Petrel.Simulation.Network.Watches;
using Petrel.Store;

namespace Petrel.Simulation.Invariants;

/// <summary>The newest changes of one kind's objects, each with a place that counts up for ever.</summary>
internal sealed class KindHistory(string prefix, int capacity)
{
    private readonly Dictionary<string, KindDocument> _objects = new(StringComparer.Ordinal);
    private readonly List<KindChange> _changes = [];
    private long _start;
    private long _forgotten;

    public void Add(in StoreOperation operation, long revision)
    {
        var path = operation.Key[prefix.Length..];
        var before = _objects.GetValueOrDefault(path);
        KindDocument? after = null;
        if (operation.Value is { } bytes)
        {
            _objects[path] = after = new(path, bytes);
        }
        else
        {
            _objects.Remove(path);
        }
        _changes.Add(new(path, revision, before, after));
        if (_changes.Count > capacity * 2)
        {
            // Many at a time, because removing from the front of a list copies the rest.
            _forgotten = _changes[capacity - 1].Revision;
            _changes.RemoveRange(0, capacity);
            _start += capacity;
        }
    }

    /// <summary>The place of the oldest change that is remembered.</summary>
    public long Start => _start;

    /// <summary>The change at a place; null when it has not happened yet, or is forgotten.</summary>
    public KindChange? Find(long place) => place >= _start && place - _start < _changes.Count ? _changes[(int)(place - _start)] : null;

    /// <summary>The place of the first change of a later revision; null when it may be forgotten.</summary>
    public long? PlaceAfter(long revision)
    {
        if (revision < _forgotten)
        {
            return null;
        }
        var (low, high) = (0, _changes.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _changes[middle].Revision <= revision ? (middle + 1, high) : (low, middle);
        }
        return _start + low;
    }
}

/// <summary>One change of one object.</summary>
internal sealed record KindChange(string Path, long Revision, KindDocument? Before, KindDocument? After)
{
    /// <summary>The hashes of its events, by version, media type and event type.</summary>
    public Dictionary<(string Version, string Accept, ObservedEventType Type), ulong> Hashes { get; } = [];
}

/// <summary>A stored object, parsed when a selector needs it.</summary>
internal sealed class KindDocument(string path, ReadOnlyMemory<byte> bytes)
{
    private JsonElement? _root;

    public string Path => path;

    public JsonElement Root => _root ??= JsonElement.Parse(bytes.Span);

    public IReadOnlyDictionary<string, string> Labels =>
        field ??= Root.At("metadata", "labels") is { ValueKind: JsonValueKind.Object } labels
            ? labels.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString() ?? "", StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal);
}
