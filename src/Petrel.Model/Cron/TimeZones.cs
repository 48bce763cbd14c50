using System.Diagnostics.CodeAnalysis;

namespace Petrel.Model.Cron;

/// <summary>Time zones by their IANA names, from the time zone database of the system.</summary>
public static class TimeZones
{
    // Some zone that every database has.
    private const string Probe = "Europe/London";

    /// <summary>The zone, or what is wrong with its name: names are exact, and <c>Local</c> is none.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out TimeZoneInfo? zone, [NotNullWhen(false)] out string? problem)
    {
        if (name == "UTC")
        {
            (zone, problem) = (TimeZoneInfo.Utc, null);
            return true;
        }
        // A name that was found before in other letters is no name: whether it was must not matter.
        if (IsName(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone) && zone.Id == name)
        {
            problem = null;
            return true;
        }
        zone = null;
        problem = TimeZoneInfo.TryFindSystemTimeZoneById(Probe, out _)
            ? $"unknown time zone {name}"
            : $"unknown time zone {name}: the server's system has no time zone database (it is in the package 'tzdata')";
        return false;
    }

    private static bool IsName(string name) =>
        name.Length > 0 && name[0] != '/' && !name.Contains('\\') && !name.Contains("..", StringComparison.Ordinal) && name != "Local";
}
