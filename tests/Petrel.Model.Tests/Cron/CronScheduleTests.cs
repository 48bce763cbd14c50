using System.Globalization;
using CsCheck;
using Petrel.Model.Cron;

namespace Petrel.Model.Tests.Cron;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")]
    [InlineData("* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00Z")]
    [InlineData("*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z")]
    [InlineData("5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z")]
    [InlineData("10-30/10,50 * * * *", "2026-01-01T00:30:00Z", "2026-01-01T00:50:00Z")]
    [InlineData("0 0 29 2 ?", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 * Feb-apr sUn", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")]
    [InlineData("0 12 1 * *", "2026-12-31T00:00:00Z", "2027-01-01T12:00:00Z")]
    [InlineData("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z")]
    [InlineData("@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("@midnight", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")]
    [InlineData("@monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")]
    [InlineData("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("@annually", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("@every 1h30m", "2026-01-01T00:00:10.5Z", "2026-01-01T01:30:10Z")]
    [InlineData("@every 10ms", "2026-01-01T00:00:10Z", "2026-01-01T00:00:11Z")]
    [InlineData("TZ=America/New_York 0 8 * * *", "2026-07-01T00:00:00Z", "2026-07-01T12:00:00Z")]
    [InlineData("CRON_TZ=Asia/Kolkata 0 6 * * ?", "2026-07-01T00:00:00Z", "2026-07-01T00:30:00Z")]
    public void The_next_time_is_the_first_one_after(string schedule, string after, string expected) =>
        Assert.Equal(Time(expected), CronSchedule.Parse(schedule).Next(Time(after)));

    [Fact]
    public void A_day_has_to_satisfy_one_of_two_fields_or_both_when_one_is_a_star()
    {
        var either = CronSchedule.Parse("0 0 13 * FRI");
        Assert.Equal(Time("2026-01-02T00:00:00Z"), either.Next(Time("2026-01-01T00:00:00Z"))); // A Friday.
        Assert.Equal(Time("2026-01-13T00:00:00Z"), either.Next(Time("2026-01-10T00:00:00Z"))); // A Tuesday.
        var both = CronSchedule.Parse("0 0 * * FRI");
        Assert.Equal(Time("2026-01-16T00:00:00Z"), both.Next(Time("2026-01-10T00:00:00Z")));
        // A star with a step is none.
        var stepped = CronSchedule.Parse("0 0 */10 * FRI");
        Assert.Equal(Time("2026-01-02T00:00:00Z"), stepped.Next(Time("2026-01-01T00:00:00Z")));
        Assert.Equal(Time("2026-01-11T00:00:00Z"), stepped.Next(Time("2026-01-09T12:00:00Z")));
    }

    [Theory]
    [InlineData("30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-09T06:30:00Z")] // 02:30 does not exist on the 8th.
    [InlineData("0 3 * * *", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z")]
    [InlineData("30 1 * * *", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z")] // 01:30 comes twice on the 1st.
    [InlineData("30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z")]
    [InlineData("30 1 * * *", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z")]
    public void Skipped_times_are_missed_and_doubled_times_run_twice(string schedule, string after, string expected) =>
        Assert.Equal(Time(expected), CronSchedule.Parse(schedule, Zone("America/New_York")).Next(Time(after)));

    [Theory]
    [InlineData("0 0 30 2 *")]
    [InlineData("59 23 31 2 *")]
    [InlineData("0 0 , * *")]
    public void A_day_that_never_comes_has_no_next_time(string schedule) =>
        Assert.Null(CronSchedule.Parse(schedule).Next(Time("2026-01-01T00:00:00Z")));

    [Theory]
    [InlineData("", "empty spec string")]
    [InlineData("* * * *", "expected exactly 5 fields, found 4: [* * * *]")]
    [InlineData("* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("9-3 * * * *", "beginning of range (9) beyond end of range (3): 9-3")]
    [InlineData("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [InlineData("*/2/3 * * * *", "too many slashes: */2/3")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("x * * * *", "failed to parse int from x: x")]
    [InlineData("* * * * 7", "end of range (7) above maximum (6): 7")]
    [InlineData("@fortnightly", "unrecognized descriptor: @fortnightly")]
    [InlineData("@every day", "failed to parse duration @every day")]
    [InlineData("TZ=Mars/Olympus * * * * *", "provided bad location Mars/Olympus: unknown time zone Mars/Olympus")]
    public void A_malformed_schedule_says_what_is_wrong(string schedule, string problem) =>
        Assert.Equal(problem, CronSchedule.Problem(schedule));

    // Schedules of these zones change at whole hours, also at midnight (São Paulo, until 2018), in both halves of the year.
    [Fact]
    public void The_next_time_is_what_looking_at_a_clock_every_minute_finds()
    {
        var zones = new[] { "UTC", "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Australia/Sydney", "Asia/Kolkata" }
            .Select(Zone)
            .ToArray();
        var fields = Gen.Select(Fields(0, 59), Fields(0, 23), Fields(1, 28), Fields(1, 12), Fields(0, 6), (a, b, c, d, e) =>
            (a, b, c, d, e)
        );
        Gen.Select(
                fields,
                Gen.Int[0, zones.Length - 1],
                Gen.Long[Time("2016-06-01T00:00:00Z").ToUnixTimeSeconds(), Time("2019-06-01T00:00:00Z").ToUnixTimeSeconds()]
            )
            .Sample(
                (f, zone, seconds) =>
                {
                    var ((minute, hour, day, month, weekday), after) = (f, DateTimeOffset.FromUnixTimeSeconds(seconds));
                    var text = $"{minute.Text} {hour.Text} {day.Text} {month.Text} {weekday.Text}";
                    var end = after.AddDays(40);
                    var expected = Minutes(after, end)
                        .FirstOrDefault(at =>
                        {
                            var shown = TimeZoneInfo.ConvertTime(at, zones[zone]);
                            var (ofMonth, ofWeek) = (day.Allows(shown.Day), weekday.Allows((int)shown.DayOfWeek));
                            var isDay = day.Text == "*" || weekday.Text == "*" ? ofMonth && ofWeek : ofMonth || ofWeek;
                            return minute.Allows(shown.Minute) && hour.Allows(shown.Hour) && month.Allows(shown.Month) && isDay;
                        });
                    var actual = CronSchedule.Parse(text, zones[zone]).Next(after);
                    return expected == default ? actual is null || actual > end : actual == expected;
                },
                iter: 300
            );
    }

    [Fact]
    public void The_last_time_of_a_long_absence_is_found_as_by_counting()
    {
        var schedules = new[] { "* * * * *", "*/7 3 * * *", "0 0 1 * *", "@every 47s", "15 14 * * MON-FRI", "0 0 29 2 *" };
        Gen.Select(Gen.OneOfConst(schedules), Gen.Int[0, 20_000], Gen.Long[0, 3 * 365 * 24 * 60], Gen.Int[2, 150])
            .Sample(
                (text, start, minutes, enough) =>
                {
                    var schedule = CronSchedule.Parse(text);
                    var after = Time("2020-01-01T00:00:30Z").AddHours(start);
                    var until = after.AddMinutes(minutes % (text.StartsWith('*') || text.StartsWith('@') ? 5000 : long.MaxValue));
                    (DateTimeOffset, int)? expected = null;
                    for (var next = schedule.Next(after); next <= until; next = schedule.Next(next.Value))
                    {
                        expected = (next.Value, Math.Min(enough, (expected?.Item2 ?? 0) + 1));
                    }
                    return schedule.Last(after, until, enough) == expected;
                },
                iter: 300
            );
    }

    [Fact]
    public void Zones_are_found_by_their_exact_names()
    {
        Assert.True(TimeZones.TryFind("Europe/Berlin", out var zone, out _));
        Assert.Equal(TimeSpan.FromHours(2), zone.GetUtcOffset(Time("2026-07-01T00:00:00Z")));
        Assert.True(TimeZones.TryFind("Etc/UTC", out _, out _));
        foreach (var wrong in new[] { "europe/berlin", "", "Local", "/etc/localtime", "../zoneinfo/UTC", "Nowhere" })
        {
            Assert.False(TimeZones.TryFind(wrong, out _, out var problem));
            Assert.Equal($"unknown time zone {wrong}", problem);
        }
    }

    private static Gen<Field> Fields(int lowest, int highest) =>
        Gen.OneOf(
            Gen.Const(new Field("*", _ => true)),
            Gen.Int[lowest, highest].Select(n => new Field($"{n}", value => value == n)),
            Gen.Select(Gen.Int[lowest, highest], Gen.Int[lowest, highest])
                .Select((a, b) => (Low: Math.Min(a, b), High: Math.Max(a, b)))
                .Select(r => new Field($"{r.Low}-{r.High}", value => value >= r.Low && value <= r.High)),
            Gen.Select(Gen.Int[lowest, highest], Gen.Int[2, 9])
                .Select((first, step) => new Field($"{first}/{step}", value => value >= first && (value - first) % step == 0))
        );

    private static IEnumerable<DateTimeOffset> Minutes(DateTimeOffset after, DateTimeOffset end)
    {
        for (var minute = after.AddSeconds(60 - after.Second); minute <= end; minute = minute.AddMinutes(1))
        {
            yield return minute;
        }
    }

    private static TimeZoneInfo Zone(string name) =>
        TimeZones.TryFind(name, out var zone, out var problem) ? zone : throw new InvalidOperationException(problem);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private sealed record Field(string Text, Func<int, bool> Allows);
}
