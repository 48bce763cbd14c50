using System.Globalization;

namespace Petrel.Simulation.Timelines;

/// <summary>Which entries of a timeline to show.</summary>
public sealed record TimelineFilter
{
    public TimeSpan From { get; init; } = TimeSpan.Zero;

    public TimeSpan Until { get; init; } = TimeSpan.MaxValue;

    /// <summary>Leases, events and log lines too.</summary>
    public bool Details { get; init; }

    /// <summary>
    /// Only what is about this object: see <see cref="TimelineEntry.IsAbout"/>. Faults, and what is found, are shown whatever they are
    /// about.
    /// </summary>
    public string? Object { get; init; }

    public bool Shows(TimelineEntry entry) =>
        entry.Kind == TimelineKind.Finding
        || (
            entry.At >= From
            && entry.At <= Until
            && (Details || !entry.IsDetail)
            && (Object is null || entry.Kind == TimelineKind.Fault || entry.IsAbout(Object))
        );
}

/// <summary>Entries as lines: when, who, what.</summary>
public static class TimelineText
{
    private const int WhoWidth = 16;

    public static string Of(TimelineEntry entry) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{entry.At.TotalSeconds, 9:0.000} s  {Mark(entry.Kind)} {entry.Who.PadRight(WhoWidth)} {entry.What}"
        );

    // Marks make faults and findings easy to find.
    private static char Mark(TimelineKind kind) =>
        kind switch
        {
            TimelineKind.Fault => '!',
            TimelineKind.Process => '*',
            TimelineKind.Operation => '>',
            TimelineKind.Finding => 'X',
            TimelineKind.Log => '#',
            _ => ' ',
        };
}
