using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Apply;

/// <summary>
/// The FieldsV1 texts that were read or written last, as sets and as documents. The pods of one template have the same managers with the
/// same fields, so most texts have occurred before. The whole text is compared, so that a result never depends on what occurred earlier.
/// Cached values are shared and never changed.
/// </summary>
internal static class FieldSetCache
{
    // Must be a power of two. A set takes a few KiB.
    private const int Places = 256;
    private const int LongestKept = 8 * 1024;

    // Each entry is one reference that is replaced atomically. Racing threads read a text twice at worst.
    private static readonly Entry?[] Recent = new Entry?[Places];

    /// <summary>The set with this text, or null.</summary>
    public static FieldSet? Find(ReadOnlySpan<byte> text) => EntryOf(text)?.Fields;

    public static void Keep(ReadOnlySpan<byte> text, FieldSet fields) => Keep(text, fields, EntryOf(text)?.Document);

    /// <summary>A node of its own with this text, which must be that of a JSON object.</summary>
    public static JsonObject ToNode(ReadOnlySpan<byte> text)
    {
        if (EntryOf(text) is { Document: { } known })
        {
            return JsonObject.Create(known)!;
        }
        // Such a document needs not be disposed of: it rents nothing.
        var reader = new Utf8JsonReader(text, DeepJson.Reader);
        var document = JsonElement.ParseValue(ref reader);
        Keep(text, EntryOf(text)?.Fields, document);
        return JsonObject.Create(document)!;
    }

    private static void Keep(ReadOnlySpan<byte> text, FieldSet? fields, JsonElement? document)
    {
        if (text.Length <= LongestKept)
        {
            Volatile.Write(ref Recent[PlaceOf(text)], new(text.ToArray(), fields, document));
        }
    }

    private static Entry? EntryOf(ReadOnlySpan<byte> text) =>
        Volatile.Read(ref Recent[PlaceOf(text)]) is { } found && text.SequenceEqual(found.Text) ? found : null;

    private static int PlaceOf(ReadOnlySpan<byte> text)
    {
        var hash = (ulong)text.Length;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(text))
        {
            hash = (hash ^ word) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 32;
        }
        return (int)(hash & (Places - 1));
    }

    private sealed record Entry(byte[] Text, FieldSet? Fields, JsonElement? Document);
}
