namespace Petrel.Model.Cron;

/// <summary>
/// Converts between UTC and the local time of a zone. A local time that is skipped or repeated resolves as in Go's time.Date: the offset
/// for the same digits in UTC gives a first guess, and the offset at that guess gives the result.
/// </summary>
internal readonly struct ZonedClock(TimeZoneInfo zone)
{
    /// <summary>The local time at a moment in UTC.</summary>
    public DateTime At(DateTime utc) => DateTime.SpecifyKind(utc + Offset(utc), DateTimeKind.Unspecified);

    /// <summary>The moment in UTC of a local time, or one nearby if the local time is skipped.</summary>
    public DateTime When(DateTime shown)
    {
        var digits = DateTime.SpecifyKind(shown, DateTimeKind.Utc);
        return digits - Offset(digits - Offset(digits));
    }

    private TimeSpan Offset(DateTime utc) => zone.GetUtcOffset(utc);
}
