using System.Globalization;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Batch;

/// <summary>
/// The schedules that CronJobs take: five fields of cron(5), or <c>@hourly</c> and its like, or <c>@every</c> with a Go duration (upstream: robfig/cron's
/// standard parser).
/// </summary>
public static class CronSyntax
{
    private static readonly string[] Macros = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>What is wrong with a schedule, or null.</summary>
    public static string? Problem(string schedule)
    {
        if (schedule.StartsWith('@'))
        {
            if (schedule.StartsWith("@every ", StringComparison.Ordinal))
            {
                return GoDuration.TryParse(schedule["@every ".Length..], out _) ? null : $"failed to parse duration {schedule}";
            }
            return Macros.Contains(schedule) ? null : $"unrecognized descriptor: {schedule}";
        }
        var fields = schedule.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            return $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]";
        }
        return Field(fields[0], 0, 59, []) ?? Field(fields[1], 0, 23, []) ?? Field(fields[2], 1, 31, []) ?? Field(fields[3], 1, 12, Months, 1) ?? Field(fields[4], 0, 6, Days);
    }

    private static string? Field(string text, int lowest, int highest, string[] names, int firstName = 0)
    {
        foreach (var range in text.Split(','))
        {
            var steps = range.Split('/');
            if (steps.Length > 2)
            {
                return $"too many slashes: {range}";
            }
            if (steps.Length == 2 && Number(steps[1], [], 0) is not > 0)
            {
                return $"step of range should be a positive number: {range}";
            }
            if (steps[0] is "*" or "?")
            {
                continue;
            }
            var ends = steps[0].Split('-');
            if (ends.Length > 2)
            {
                return $"too many hyphens: {range}";
            }
            if (Number(ends[0], names, firstName) is not { } start || Number(ends[^1], names, firstName) is not { } end)
            {
                return $"failed to parse int from {range}";
            }
            if (start < lowest)
            {
                return $"beginning of range ({start}) below minimum ({lowest}): {range}";
            }
            if (end > highest)
            {
                return $"end of range ({end}) above maximum ({highest}): {range}";
            }
            if (start > end)
            {
                return $"beginning of range ({start}) beyond end of range ({end}): {range}";
            }
        }
        return null;
    }

    private static int? Number(string text, string[] names, int firstName) =>
        Array.IndexOf(names, text.ToLowerInvariant()) is >= 0 and var index ? index + firstName
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;
}
