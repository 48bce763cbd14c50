namespace Petrel.Model.Documents;

/// <summary>
/// Formats durations for people, as kubectl does. Longer durations have coarser units (<c>119s</c>, <c>5m12s</c>, <c>30m</c>, <c>7h5m</c>,
/// <c>3d4h</c>, <c>10d</c>, <c>2y30d</c>).
/// </summary>
public static class HumanDuration
{
    /// <summary>Formats a duration. A negative duration beyond the tolerance for clock skew is <c>&lt;invalid&gt;</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        var minutes = seconds / 60;
        var hours = minutes / 60;
        var days = hours / 24;
        return seconds switch
        {
            < -1 => "<invalid>",
            < 0 => "0s",
            < 2 * 60 => $"{seconds}s",
            < 10 * 60 => Pair(minutes, "m", seconds % 60, "s"),
            < 3 * 60 * 60 => $"{minutes}m",
            < 8 * 60 * 60 => Pair(hours, "h", minutes % 60, "m"),
            < 2 * 24 * 60 * 60 => $"{hours}h",
            < 8 * 24 * 60 * 60 => Pair(days, "d", hours % 24, "h"),
            < 2 * 365 * 24 * 60 * 60 => $"{days}d",
            < 8L * 365 * 24 * 60 * 60 => Pair(days / 365, "y", days % 365, "d"),
            _ => $"{days / 365}y",
        };
    }

    private static string Pair(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";
}
