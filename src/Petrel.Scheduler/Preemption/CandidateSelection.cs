namespace Petrel.Scheduler.Preemption;

/// <summary>How many nodes are tried, and which candidate is chosen (upstream: DefaultPreemption and pickOneNodeForPreemption).</summary>
internal static class CandidateSelection
{
    /// <summary>The search ends after this many candidates, in percent of the nodes where preemption may help.</summary>
    public const int MinPercentage = 10;

    /// <summary>The search does not end before this many candidates.</summary>
    public const int MinNumber = 100;

    /// <summary>The number of candidates after which the search ends.</summary>
    public static int Enough(int nodes) => Math.Min(nodes, Math.Max(MinNumber, nodes * MinPercentage / 100));

    /// <summary>
    /// The candidate with the fewest violated budgets, then the lowest priority of its most important victim, the smallest sum of
    /// priorities, the fewest victims, and the latest start of its most important victims. Among equals, the first.
    /// </summary>
    public static Candidate Best(IReadOnlyList<Candidate> candidates)
    {
        var best = candidates[0];
        for (var i = 1; i < candidates.Count; i++)
        {
            if (Compare(candidates[i], best) < 0)
            {
                best = candidates[i];
            }
        }
        return best;
    }

    private static int Compare(Candidate x, Candidate y)
    {
        var order = x.Violations.CompareTo(y.Violations);
        order = order != 0 ? order : x.Victims[0].Priority.CompareTo(y.Victims[0].Priority);
        order = order != 0 ? order : Sum(x).CompareTo(Sum(y));
        order = order != 0 ? order : x.Victims.Count.CompareTo(y.Victims.Count);
        return order != 0 ? order : EarliestStart(y).CompareTo(EarliestStart(x));
    }

    // Priorities may be negative. Without the offset, many victims of negative priority would have a smaller sum than few.
    private static long Sum(Candidate candidate)
    {
        long sum = 0;
        foreach (var victim in candidate.Victims)
        {
            sum += victim.Priority + (long)int.MaxValue + 1;
        }
        return sum;
    }

    private static DateTime EarliestStart(Candidate candidate)
    {
        var earliest = DateTime.MaxValue;
        foreach (var victim in candidate.Victims)
        {
            if (victim.Priority == candidate.Victims[0].Priority && PodImportance.StartOf(victim) is var start && start < earliest)
            {
                earliest = start;
            }
        }
        return earliest;
    }
}
