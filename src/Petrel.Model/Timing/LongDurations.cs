namespace Petrel.Model.Timing;

/// <summary>
/// Durations that users choose. The API accepts far longer ones than timers do (49.7 days), or than <see cref="TimeSpan"/> can hold.
/// </summary>
public static class LongDurations
{
    /// <summary>The longest time to give to one timer. Wait again for the rest of a longer duration.</summary>
    public static readonly TimeSpan MaxTimer = TimeSpan.FromDays(24);

    private const long MaxSeconds = 100L * 366 * 24 * 3600;

    /// <summary>A number of seconds of the API as a duration: at least zero, at most a hundred years.</summary>
    public static TimeSpan FromSeconds(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, MaxSeconds));

    /// <summary>The duration, or the longest that one timer takes.</summary>
    public static TimeSpan ForTimer(TimeSpan duration) => duration < MaxTimer ? duration : MaxTimer;

    /// <summary>The time so many seconds later, or the latest that can be said. A negative number counts as zero.</summary>
    public static DateTimeOffset After(this DateTimeOffset time, long seconds) =>
        FromSeconds(seconds) is var duration && duration < DateTimeOffset.MaxValue - time ? time + duration : DateTimeOffset.MaxValue;

    /// <summary>Waits for any duration.</summary>
    public static async Task DelayAsync(TimeSpan duration, TimeProvider time, CancellationToken cancellationToken)
    {
        while (duration > MaxTimer)
        {
            await Task.Delay(MaxTimer, time, cancellationToken);
            duration -= MaxTimer;
        }
        await Task.Delay(duration, time, cancellationToken);
    }
}
