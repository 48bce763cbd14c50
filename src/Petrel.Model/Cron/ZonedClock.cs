namespace Petrel.Model.Cron;

/// <summary>
/// What clocks of a zone show, and when they show something. A time that clocks skip, or show twice, is taken as Go's time.Date takes it:
/// with the offset that holds at the guess made with the offset of the same digits in UTC.
/// </summary>
internal readonly struct ZonedClock(TimeZoneInfo zone)
{
    /// <summary>What clocks show at a moment in UTC.</summary>
    public DateTime At(DateTime utc) => DateTime.SpecifyKind(utc + Offset(utc), DateTimeKind.Unspecified);

    /// <summary>A moment at which clocks show this, or nearly so where they never do.</summary>
    public DateTime When(DateTime shown)
    {
        var digits = DateTime.SpecifyKind(shown, DateTimeKind.Utc);
        return digits - Offset(digits - Offset(digits));
    }

    private TimeSpan Offset(DateTime utc) => zone.GetUtcOffset(utc);
}
