using System.Runtime.InteropServices;

namespace Petrel.Model.Apply;

/// <summary>
/// The field sets that were read last, by their FieldsV1 text. The pods of one template have the same managers with the same fields, so
/// most sets have been read before. The whole text is compared, so that a result never depends on what was read earlier. Cached sets are
/// shared and never changed.
/// </summary>
internal static class FieldSetCache
{
    // Must be a power of two. A set takes a few KiB.
    private const int Places = 256;
    private const int LongestKept = 8 * 1024;

    // Each entry is one reference that is replaced atomically. Racing threads read a set twice at worst.
    private static readonly Entry?[] Recent = new Entry?[Places];

    /// <summary>The set with this text, or null.</summary>
    public static FieldSet? Find(ReadOnlySpan<byte> text) =>
        Volatile.Read(ref Recent[PlaceOf(text)]) is { } found && text.SequenceEqual(found.Text) ? found.Fields : null;

    public static void Keep(ReadOnlySpan<byte> text, FieldSet fields)
    {
        if (text.Length <= LongestKept)
        {
            Volatile.Write(ref Recent[PlaceOf(text)], new(text.ToArray(), fields));
        }
    }

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

    private sealed record Entry(byte[] Text, FieldSet Fields);
}
