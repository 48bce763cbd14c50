using System.Buffers.Text;
using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Objects;

/// <summary>
/// One version of one object. Its final bytes are the stored ones with <c>resourceVersion</c> put in, which nobody knew
/// when they were stored; they are made while they are copied, so that the cache shares its memory with the store.
/// </summary>
internal sealed class WireObject : IContentPart
{
    private readonly KindDefinition _kind;
    private readonly ReadOnlyMemory<byte> _stored;
    private readonly int _splice;
    private FrozenDictionary<string, string>? _labels;

    // The values of the kind's selectable fields, in its order of them.
    private string[]? _fields;
    private Shown? _shown;

    public WireObject(KindDefinition kind, string path, ReadOnlyMemory<byte> stored, long revision)
    {
        _kind = kind;
        _stored = stored;
        _splice = SplicePoint(stored.Span);
        Path = path;
        Revision = revision;
    }

    private static ReadOnlySpan<byte> MetadataStart => "\"metadata\":{"u8;
    private static ReadOnlySpan<byte> FieldStart => "\"resourceVersion\":\""u8;
    private static ReadOnlySpan<byte> FieldEnd => "\","u8;

    /// <summary>The store key without the kind's prefix: <c>namespace/name</c>, or only the name. The order of lists.</summary>
    public string Path { get; }

    public long Revision { get; }

    public string Name => Path[(Path.IndexOf('/', StringComparison.Ordinal) + 1)..];

    public string Namespace => Path.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 ? Path[..slash] : "";

    /// <summary>The length of the final bytes.</summary>
    public int Length => Revision == 0 ? _stored.Length : _stored.Length + FieldStart.Length + Digits(Revision) + FieldEnd.Length;

    /// <summary>The object's labels, read once.</summary>
    public FrozenDictionary<string, string> Labels => _labels ??= ReadLabels();

    /// <summary>The value of a selectable field, or empty.</summary>
    public string Field(string name) =>
        name switch
        {
            "metadata.name" => Name,
            "metadata.namespace" => Namespace,
            _ => ReadField(name),
        };

    /// <summary>The object as another version of its kind has it. The last conversion is kept.</summary>
    public WireObject As(KindDefinition kind)
    {
        if (ReferenceEquals(kind, _kind))
        {
            return this;
        }
        // Two readers at once may convert it twice, to the same.
        if (_shown is { } shown && ReferenceEquals(shown.Kind, kind))
        {
            return shown.Object;
        }
        var stored = kind.FromStorage is { } convert
            ? Objects.StoredDocument.Encode(convert(DeepJson.Node(_stored.Span)!.AsObject()))
            : _stored;
        var converted = new WireObject(kind, Path, stored, Revision);
        _shown = new(kind, converted);
        return converted;
    }

    /// <summary>The same object under another revision: a deletion's, or one at which it left a selection.</summary>
    public WireObject At(long revision) => new(_kind, Path, _stored, revision);

    /// <summary>Copies the final bytes into <paramref name="target"/>; returns how many.</summary>
    public int CopyTo(Span<byte> target)
    {
        var stored = _stored.Span;
        if (Revision == 0)
        {
            // The object of a dry run, which was not committed.
            stored.CopyTo(target);
            return stored.Length;
        }
        stored[.._splice].CopyTo(target);
        var written = _splice;
        FieldStart.CopyTo(target[written..]);
        written += FieldStart.Length;
        Utf8Formatter.TryFormat(Revision, target[written..], out var digits);
        written += digits;
        FieldEnd.CopyTo(target[written..]);
        written += FieldEnd.Length;
        stored[_splice..].CopyTo(target[written..]);
        return written + stored.Length - _splice;
    }

    public byte[] ToArray()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(Length);
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>The final bytes of the object's metadata alone.</summary>
    public ReadOnlyMemory<byte> Metadata()
    {
        var bytes = ToArray();
        var reader = new Utf8JsonReader(bytes, DeepJson.Reader);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("metadata"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                return bytes.AsMemory(start, (int)reader.BytesConsumed - start);
            }
        }
        throw new InvalidOperationException($"The stored object {Path} has no metadata.");
    }

    /// <summary>Whether these bytes occur in the object anywhere.</summary>
    public bool Contains(ReadOnlySpan<byte> bytes) => _stored.Span.IndexOf(bytes) >= 0;

    /// <summary>The object as a document to read; dispose of it.</summary>
    public JsonDocument Parse() => DeepJson.Document(ToArray());

    // Documents are stored with apiVersion and kind first, whose values hold no quotes.
    private static int SplicePoint(ReadOnlySpan<byte> stored)
    {
        var at = stored.IndexOf(MetadataStart);
        return at >= 0 ? at + MetadataStart.Length : throw new InvalidOperationException("A stored object has no metadata.");
    }

    private static int Digits(long value)
    {
        var digits = 1;
        for (; value >= 10; value /= 10)
        {
            digits++;
        }
        return digits;
    }

    private FrozenDictionary<string, string> ReadLabels()
    {
        var reader = new Utf8JsonReader(_stored.Span, DeepJson.Reader);
        var inMetadata = false;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }
            if (reader.CurrentDepth == 1)
            {
                if (inMetadata)
                {
                    break;
                }
                inMetadata = reader.ValueTextEquals("metadata"u8);
                reader.Read();
                if (!inMetadata)
                {
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("labels"u8))
            {
                reader.Read();
                return ReadMap(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
        return FrozenDictionary<string, string>.Empty;
    }

    private static FrozenDictionary<string, string> ReadMap(ref Utf8JsonReader reader)
    {
        var labels = new Dictionary<string, string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            labels[key] = reader.GetString() ?? "";
        }
        return labels.ToFrozenDictionary();
    }

    private string ReadField(string name)
    {
        var index = _kind.SelectableFields.Keys.IndexOf(name);
        return index < 0 ? "" : (_fields ??= ReadFields())[index];
    }

    private string[] ReadFields()
    {
        using var document = DeepJson.Document(_stored);
        var keys = _kind.SelectableFields.Keys;
        var fields = new string[keys.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = _kind.SelectableFields[keys[i]](document.RootElement);
        }
        return fields;
    }

    private sealed record Shown(KindDefinition Kind, WireObject Object);
}
