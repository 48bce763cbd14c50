namespace Petrel.Simulation.Shrinking;

/// <summary>Delta debugging (ddmin; Zeller and Hildebrandt, 2002): the fewest items with which a test still fails.</summary>
public static class DeltaDebugging
{
    /// <summary>
    /// Leaves out items, in ever smaller groups, while <paramref name="fails"/> says that what is left still fails. The result fails, and
    /// unless <paramref name="enough"/> ended the search, leaving out any one item more makes it pass.
    /// </summary>
    public static IReadOnlyList<T> Minimise<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, bool> fails, Func<bool> enough)
    {
        if (items.Count == 0 || fails([]))
        {
            return [];
        }
        var groups = 2;
        while (items.Count > 1 && !enough())
        {
            if (WithoutOneGroup(items, groups, fails, enough) is { } fewer)
            {
                items = fewer;
                groups = Math.Max(2, groups - 1);
            }
            else if (groups < items.Count)
            {
                groups = Math.Min(items.Count, groups * 2);
            }
            else
            {
                break;
            }
        }
        return items;
    }

    private static IReadOnlyList<T>? WithoutOneGroup<T>(
        IReadOnlyList<T> items,
        int groups,
        Func<IReadOnlyList<T>, bool> fails,
        Func<bool> enough
    )
    {
        // Late items first: they can't have caused what happened before them.
        for (var group = groups - 1; group >= 0 && !enough(); group--)
        {
            var (from, to) = (items.Count * group / groups, items.Count * (group + 1) / groups);
            T[] rest = [.. items.Take(from), .. items.Skip(to)];
            if (fails(rest))
            {
                return rest;
            }
        }
        return null;
    }
}
