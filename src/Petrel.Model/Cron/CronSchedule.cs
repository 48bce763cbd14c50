using Petrel.Model.Documents;

namespace Petrel.Model.Cron;

/// <summary>
/// The schedule of a CronJob: five fields of cron(5), a name such as <c>@hourly</c>, or <c>@every</c> with a Go duration. Syntax, semantics
/// and messages are those of robfig/cron's standard parser. When clocks go forward, the skipped times are missed. When clocks go back, a
/// repeated time runs twice.
/// </summary>
public sealed class CronSchedule
{
    private const string Every = "@every ";
    private const int YearsToSearch = 5;

    private static readonly string[] ZonePrefixes = ["TZ=", "CRON_TZ="];

    private readonly CronField _minute;
    private readonly CronField _hour;
    private readonly CronField _dayOfMonth;
    private readonly CronField _month;
    private readonly CronField _dayOfWeek;
    private readonly TimeSpan? _interval;
    private readonly ZonedClock _clock;

    private CronSchedule(TimeSpan interval) => _interval = interval;

    private CronSchedule(string[] fields, TimeZoneInfo zone)
    {
        _minute = CronField.Minute(fields[0]);
        _hour = CronField.Hour(fields[1]);
        _dayOfMonth = CronField.DayOfMonth(fields[2]);
        _month = CronField.Month(fields[3]);
        _dayOfWeek = CronField.DayOfWeek(fields[4]);
        _clock = new(zone);
    }

    /// <summary>
    /// Parses a schedule. The zone is UTC unless it is given or named in front of the schedule (<c>TZ=Europe/Berlin 0 3 * * *</c>). Throws
    /// <see cref="FormatException"/> with the problem.
    /// </summary>
    public static CronSchedule Parse(string text, TimeZoneInfo? zone = null)
    {
        if (text.Length == 0)
        {
            throw new FormatException("empty spec string");
        }
        if (ZonePrefixes.FirstOrDefault(p => text.StartsWith(p, StringComparison.Ordinal)) is { } prefix)
        {
            var end = text.IndexOf(' ') is >= 0 and var space ? space : text.Length;
            if (!TimeZones.TryFind(text[prefix.Length..end], out zone, out var problem))
            {
                throw new FormatException($"provided bad location {text[prefix.Length..end]}: {problem}");
            }
            text = text[end..].Trim();
        }
        if (text.StartsWith(Every, StringComparison.Ordinal))
        {
            if (!GoDuration.TryParse(text[Every.Length..], out var nanoseconds))
            {
                throw new FormatException($"failed to parse duration {text}");
            }
            return new(TimeSpan.FromSeconds(Math.Max(1, nanoseconds / 1_000_000_000)));
        }
        var fields = Expand(text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 5
            ? new(fields, zone ?? TimeZoneInfo.Utc)
            : throw new FormatException($"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]");
    }

    /// <summary>The problem with a schedule, or null.</summary>
    public static string? Problem(string text)
    {
        try
        {
            Parse(text);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <summary>The first scheduled time after <paramref name="after"/>; null when there is none within five years.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var second = TimeSpan.TicksPerSecond;
        var start = new DateTime(after.UtcTicks / second * second, DateTimeKind.Utc);
        return _interval is { } interval ? new(start + interval)
            : Search(start.AddSeconds(1)) is { } found ? new(found)
            : null;
    }

    /// <summary>
    /// The last scheduled time after <paramref name="after"/> and not after <paramref name="until"/>, and the number of scheduled times in
    /// between, counted up to <paramref name="enough"/>. Null when there is none.
    /// </summary>
    public (DateTimeOffset Time, int Count)? Last(DateTimeOffset after, DateTimeOffset until, int enough)
    {
        (DateTimeOffset Time, int Count)? last = null;
        for (var next = Next(after); next <= until; next = Next(next.Value))
        {
            last = (next.Value, (last?.Count ?? 0) + 1);
            if (last.Value.Count == enough)
            {
                return (LastFrom(next.Value, until), enough);
            }
        }
        return last;
    }

    // Finds the last scheduled time, starting from a known one. The range may be long, so it steps back from the end, doubling the step
    // until there is a scheduled time.
    private DateTimeOffset LastFrom(DateTimeOffset known, DateTimeOffset until)
    {
        if (_interval is { } interval)
        {
            return known + (until - known).Ticks / interval.Ticks * interval;
        }
        for (var back = TimeSpan.FromMinutes(1); until - back > known; back *= 2)
        {
            if (Next(until - back) is { } hit && hit <= until)
            {
                known = hit;
                break;
            }
        }
        for (var next = Next(known); next <= until; next = Next(next.Value))
        {
            known = next.Value;
        }
        return known;
    }

    private static string Expand(string text) =>
        text switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            ['@', ..] => throw new FormatException($"unrecognized descriptor: {text}"),
            _ => text,
        };

    // Searches from the largest unit to the smallest. A unit that does not match is incremented until it does, with all smaller units at
    // their minimum. If it wraps around, the search starts over. Hours and minutes count elapsed time; months and days follow the calendar.
    private DateTime? Search(DateTime utc)
    {
        var last = _clock.At(utc).Year + YearsToSearch;
        var moved = false;
        while (_clock.At(utc).Year <= last)
        {
            if (
                ToMonth(ref utc, ref moved)
                && ToDay(ref utc, ref moved)
                && ToHour(ref utc, ref moved)
                && ToMinute(ref utc, ref moved)
                && ToSecond(ref utc)
            )
            {
                return utc;
            }
        }
        return null;
    }

    private bool ToMonth(ref DateTime utc, ref bool moved)
    {
        while (_clock.At(utc) is var shown && !_month.Allows(shown.Month))
        {
            utc = _clock.When((moved ? shown : new DateTime(shown.Year, shown.Month, 1)).AddMonths(1));
            moved = true;
            if (_clock.At(utc).Month == 1)
            {
                return false;
            }
        }
        return true;
    }

    private bool ToDay(ref DateTime utc, ref bool moved)
    {
        while (_clock.At(utc) is var shown && !AllowsDay(shown))
        {
            utc = _clock.When((moved ? shown : shown.Date).AddDays(1));
            moved = true;
            // Where a clock change skips midnight, the time is some hours off: go forward from the evening before, or back from the
            // morning.
            utc = _clock.At(utc).Hour switch
            {
                > 12 and var hour => utc.AddHours(24 - hour),
                var hour => utc.AddHours(-hour),
            };
            if (_clock.At(utc).Day == 1)
            {
                return false;
            }
        }
        return true;
    }

    private bool AllowsDay(DateTime shown)
    {
        var ofMonth = _dayOfMonth.Allows(shown.Day);
        var ofWeek = _dayOfWeek.Allows((int)shown.DayOfWeek);
        return _dayOfMonth.HasStar || _dayOfWeek.HasStar ? ofMonth && ofWeek : ofMonth || ofWeek;
    }

    private bool ToHour(ref DateTime utc, ref bool moved)
    {
        while (_clock.At(utc) is var shown && !_hour.Allows(shown.Hour))
        {
            utc = (moved ? utc : _clock.When(shown.Date.AddHours(shown.Hour))).AddHours(1);
            moved = true;
            if (_clock.At(utc).Hour == 0)
            {
                return false;
            }
        }
        return true;
    }

    private bool ToMinute(ref DateTime utc, ref bool moved)
    {
        while (!_minute.Allows(_clock.At(utc).Minute))
        {
            utc = (moved ? utc : utc.AddSeconds(-utc.Second)).AddMinutes(1);
            moved = true;
            if (_clock.At(utc).Minute == 0)
            {
                return false;
            }
        }
        return true;
    }

    // Schedules have a resolution of minutes. A time with seconds advances to the next minute, which is checked again.
    private static bool ToSecond(ref DateTime utc)
    {
        if (utc.Second == 0)
        {
            return true;
        }
        utc = utc.AddSeconds(60 - utc.Second);
        return false;
    }
}
