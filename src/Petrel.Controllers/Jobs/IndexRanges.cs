using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// A set of completion indexes in the format of <c>status.completedIndexes</c>: sorted ranges with gaps between them, <c>1,3-5,7</c>. A
/// range of two is written with a comma.
/// </summary>
public sealed class IndexRanges
{
    private readonly ImmutableArray<(int First, int Last)> _ranges;

    private IndexRanges(ImmutableArray<(int First, int Last)> ranges)
    {
        _ranges = ranges;
        Count = ranges.Sum(r => r.Last - r.First + 1);
    }

    public static IndexRanges None { get; } = new([]);

    /// <summary>How many indexes there are.</summary>
    public int Count { get; }

    /// <summary>The set of these indexes, in any order.</summary>
    public static IndexRanges Of(IEnumerable<int> indexes) => Of(indexes.Select(i => (i, i)));

    /// <summary>Reads the format. Indexes from <paramref name="completions"/> on and malformed ranges are ignored.</summary>
    public static IndexRanges Parse(string? text, int completions)
    {
        if (string.IsNullOrEmpty(text))
        {
            return None;
        }
        List<(int First, int Last)> ranges = [];
        foreach (var range in text.Split(','))
        {
            var ends = range.Split('-');
            if (TryIndex(ends[0], out var first) && TryIndex(ends[^1], out var last) && ends.Length <= 2 && first < completions)
            {
                ranges.Add((first, Math.Min(last, completions - 1)));
            }
        }
        return Of(ranges);
    }

    public bool Contains(int index)
    {
        var (low, high) = (0, _ranges.Length);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            (low, high) = _ranges[middle].Last < index ? (middle + 1, high) : (low, middle);
        }
        return low < _ranges.Length && _ranges[low].First <= index;
    }

    public IndexRanges Union(IndexRanges other) => Of(_ranges.Concat(other._ranges));

    /// <summary>The number of indexes in both sets.</summary>
    public int CountCommon(IndexRanges other)
    {
        var count = 0;
        for (var (i, j) = (0, 0); i < _ranges.Length && j < other._ranges.Length; )
        {
            var (left, right) = (_ranges[i], other._ranges[j]);
            count += Math.Max(0, Math.Min(left.Last, right.Last) - Math.Max(left.First, right.First) + 1);
            (i, j) = left.Last < right.Last ? (i + 1, j) : (i, j + 1);
        }
        return count;
    }

    /// <summary>The indexes below <paramref name="completions"/> that are not in the set, in order.</summary>
    public IEnumerable<int> Missing(int completions)
    {
        var next = 0;
        foreach (var (first, last) in _ranges)
        {
            for (; next < Math.Min(first, completions); next++)
            {
                yield return next;
            }
            next = Math.Max(next, last + 1);
        }
        for (; next < completions; next++)
        {
            yield return next;
        }
    }

    /// <summary>The set in the format of the status.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (first, last) in _ranges)
        {
            text.Append(text.Length > 0 ? "," : "").Append(first);
            if (last > first)
            {
                text.Append(last == first + 1 ? ',' : '-').Append(last);
            }
        }
        return text.ToString();
    }

    private static IndexRanges Of(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = ImmutableArray.CreateBuilder<(int First, int Last)>();
        foreach (var (first, last) in ranges.Where(r => r.Last >= r.First).OrderBy(r => r.First))
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }
        return new(merged.ToImmutable());
    }

    private static bool TryIndex(string text, out int index) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index);
}
