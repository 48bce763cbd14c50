using System.Collections.Immutable;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Caching;

/// <summary>All objects of a kind as of one revision, in the order of lists. Immutable: holding one costs what changed since.</summary>
internal sealed record Snapshot(ImmutableSortedSet<CachedPath> Objects, long Revision)
{
    public static Snapshot Empty { get; } = new(ImmutableSortedSet<CachedPath>.Empty, 0);

    public WireObject? Find(string path) => Objects.TryGetValue(new(path, null), out var found) ? found.Object : null;

    /// <summary>How many objects there are below <paramref name="prefix"/> after <paramref name="afterPath"/>, and their place.</summary>
    public (int Start, int End) Range(string prefix, string? afterPath)
    {
        var start = afterPath is null ? IndexAt(prefix) : IndexAt(afterPath + '\0');
        // '/' ends every prefix, and '0' is the character after it.
        var end = prefix.Length == 0 ? Objects.Count : IndexAt(prefix[..^1] + '0');
        return (start, Math.Max(start, end));
    }

    /// <summary>The objects at the places from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public IEnumerable<WireObject> Between(int start, int end)
    {
        if (start == 0 && end == Objects.Count)
        {
            foreach (var item in Objects)
            {
                yield return item.Object!;
            }
            yield break;
        }
        for (var i = start; i < end; i++)
        {
            yield return Objects[i].Object!;
        }
    }

    private int IndexAt(string path)
    {
        var index = Objects.IndexOf(new(path, null));
        return index >= 0 ? index : ~index;
    }
}

/// <summary>An object in a snapshot, ordered by its path alone; a null object is only looked for.</summary>
internal readonly record struct CachedPath(string Path, WireObject? Object) : IComparable<CachedPath>
{
    public int CompareTo(CachedPath other) => string.CompareOrdinal(Path, other.Path);

    public static bool operator <(CachedPath left, CachedPath right) => left.CompareTo(right) < 0;

    public static bool operator >(CachedPath left, CachedPath right) => left.CompareTo(right) > 0;

    public static bool operator <=(CachedPath left, CachedPath right) => left.CompareTo(right) <= 0;

    public static bool operator >=(CachedPath left, CachedPath right) => left.CompareTo(right) >= 0;
}
