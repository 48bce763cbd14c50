using System.Diagnostics.CodeAnalysis;

namespace Petrel.Model.Cron;

/// <summary>Time zones by IANA name, from the system's time zone database.</summary>
public static class TimeZones
{
    // A zone that every database contains, to detect a missing database.
    private const string Probe = "Europe/London";

    /// <summary>Finds the zone, or returns the problem with its name. Names are case-sensitive, and <c>Local</c> is not a name.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out TimeZoneInfo? zone, [NotNullWhen(false)] out string? problem)
    {
        if (name == "UTC")
        {
            (zone, problem) = (TimeZoneInfo.Utc, null);
            return true;
        }
        // .NET may return a cached zone for a name in another case. Compare the id, so that the result does not depend on earlier calls.
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
