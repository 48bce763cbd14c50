namespace Petrel.Controllers.Framework;

/// <summary>Times of the API, which are always UTC and in most fields whole seconds.</summary>
internal static class ApiTimes
{
    /// <summary>A time that was read from the API, whatever the deserializer says about its kind.</summary>
    public static DateTimeOffset AsUtc(this DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    /// <summary>The time without fractions of a second.</summary>
    public static DateTimeOffset WholeSeconds(this DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
