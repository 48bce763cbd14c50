using System.Text.Json;

namespace Petrel.Model.Apply;

/// <summary>
/// Interns path elements as they are read, because elements such as <c>f:status</c> occur in every object of a cluster. The table is
/// bounded: a name replaces another one with the same hash.
/// </summary>
internal static class PathElementNames
{
    // The size must be a power of two. Upstream's schemas have some 2,000 names, of which few are common.
    private const int Places = 1024;
    private const int LongestKept = 48;

    // FNV-1a.
    private const uint FirstHash = 0x811C9DC5;
    private const uint HashFactor = 0x01000193;

    // Each slot is a single reference that is replaced atomically. At worst, racing threads create the same string twice.
    private static readonly string?[] Known = new string?[Places];

    /// <summary>The name of the property at the reader's position.</summary>
    public static string Read(ref Utf8JsonReader reader)
    {
        if (reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > LongestKept)
        {
            return reader.GetString()!;
        }
        ref var place = ref Known[PlaceOf(reader.ValueSpan)];
        var known = Volatile.Read(ref place);
        if (known is not null && reader.ValueTextEquals(known))
        {
            return known;
        }
        known = reader.GetString()!;
        Volatile.Write(ref place, known);
        return known;
    }

    /// <summary>The path element of a list item by its only key, whose value needs no escapes: <c>k:{"name":"web"}</c>.</summary>
    public static string OfItem(string key, string value)
    {
        Span<char> text = stackalloc char[LongestKept];
        if (!text.TryWrite($"k:{{\"{key}\":\"{value}\"}}", out var length))
        {
            return $"k:{{\"{key}\":\"{value}\"}}";
        }
        text = text[..length];
        var hash = FirstHash;
        foreach (var letter in text)
        {
            hash = (hash ^ letter) * HashFactor;
        }
        ref var place = ref Known[PlaceOf(hash)];
        var known = Volatile.Read(ref place);
        if (known is not null && text.SequenceEqual(known))
        {
            return known;
        }
        known = new string(text);
        Volatile.Write(ref place, known);
        return known;
    }

    private static int PlaceOf(ReadOnlySpan<byte> name)
    {
        var hash = FirstHash;
        foreach (var value in name)
        {
            hash = (hash ^ value) * HashFactor;
        }
        return PlaceOf(hash);
    }

    private static int PlaceOf(uint hash) => (int)((hash ^ (hash >> 15)) & (Places - 1));
}
