using System.Text.Json;

namespace Petrel.Model.Apply;

/// <summary>
/// Reads path elements as strings that are made once: <c>f:status</c> occurs in every object of a cluster. A bounded table, in which a name
/// takes the place of another with the same hash.
/// </summary>
internal static class PathElementNames
{
    // A power of two; upstream's schemas have some 2,000 names, of which few are common.
    private const int Places = 1024;
    private const int LongestKept = 48;

    // Each place is one reference, replaced whole: threads that race make a string twice at worst.
    private static readonly string?[] Known = new string?[Places];

    /// <summary>The name of the member that the reader is at.</summary>
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

    private static int PlaceOf(ReadOnlySpan<byte> name)
    {
        // FNV-1a.
        var hash = 0x811C9DC5;
        foreach (var value in name)
        {
            hash = (hash ^ value) * 0x01000193;
        }
        return (int)((hash ^ (hash >> 15)) & (Places - 1));
    }
}
