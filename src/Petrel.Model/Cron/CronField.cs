using System.Globalization;

namespace Petrel.Model.Cron;

/// <summary>
/// The values that one field of a schedule allows, as bits, and whether the field was written with a star. If either day field has a star,
/// a day must match both day fields; otherwise it must match one of them.
/// </summary>
internal readonly record struct CronField(ulong Bits, bool HasStar)
{
    public static CronField Minute(string text) => Parse(text, 0, 59, [], 0);

    public static CronField Hour(string text) => Parse(text, 0, 23, [], 0);

    public static CronField DayOfMonth(string text) => Parse(text, 1, 31, [], 0);

    public static CronField Month(string text) =>
        Parse(text, 1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1);

    public static CronField DayOfWeek(string text) => Parse(text, 0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], 0);

    public bool Allows(int value) => (Bits >> value & 1) != 0;

    // Parses a comma-separated list of ranges. Empty ranges are ignored, as in robfig/cron.
    private static CronField Parse(string text, int lowest, int highest, string[] names, int firstName)
    {
        var bits = 0ul;
        var star = false;
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var (start, end, step, isStar) = Range(range, lowest, highest, names, firstName);
            star |= isStar;
            for (var value = start; value <= end; value += step)
            {
                bits |= 1ul << value;
            }
        }
        return new(bits, star);
    }

    private static (int Start, int End, int Step, bool IsStar) Range(string range, int lowest, int highest, string[] names, int firstName)
    {
        var steps = range.Split('/');
        var ends = steps[0].Split('-');
        var star = ends[0] is "*" or "?";
        var (start, end) = star ? (lowest, highest) : Ends(range, ends, names, firstName);
        if (steps.Length > 2)
        {
            throw new FormatException($"too many slashes: {range}");
        }
        var step = 1;
        if (steps.Length == 2)
        {
            step = Number(range, steps[1], [], 0);
            end = ends.Length == 1 ? highest : end; // 'N/step' goes on to the end.
            star &= step == 1;
        }
        if (start < lowest)
        {
            throw new FormatException($"beginning of range ({start}) below minimum ({lowest}): {range}");
        }
        if (end > highest)
        {
            throw new FormatException($"end of range ({end}) above maximum ({highest}): {range}");
        }
        if (start > end)
        {
            throw new FormatException($"beginning of range ({start}) beyond end of range ({end}): {range}");
        }
        if (step == 0)
        {
            throw new FormatException($"step of range should be a positive number: {range}");
        }
        return (start, end, step, star);
    }

    private static (int Start, int End) Ends(string range, string[] ends, string[] names, int firstName)
    {
        if (ends.Length > 2)
        {
            throw new FormatException($"too many hyphens: {range}");
        }
        var start = Number(range, ends[0], names, firstName);
        return (start, ends.Length == 1 ? start : Number(range, ends[1], names, firstName));
    }

    private static int Number(string range, string text, string[] names, int firstName)
    {
        if (Array.IndexOf(names, text.ToLowerInvariant()) is >= 0 and var index)
        {
            return index + firstName;
        }
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= 0
            ? number
            : throw new FormatException($"failed to parse int from {text}: {range}");
    }
}
