using Petrel.Model.Timing;

namespace Petrel.Model.Tests.Timing;

public sealed class LongDurationsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9_000_000)]
    [InlineData(int.MaxValue)]
    [InlineData(long.MaxValue)]
    public async Task Any_number_of_seconds_fits_a_duration_a_timer_and_a_time(long seconds)
    {
        var duration = LongDurations.FromSeconds(seconds);
        Assert.True(duration.TotalSeconds == seconds || duration > TimeSpan.FromDays(36_500));
        Assert.True(Now.After(seconds) == Now + duration);
        Assert.True(DateTimeOffset.MaxValue.After(seconds) == DateTimeOffset.MaxValue);
        using var timer = TimeProvider.System.CreateTimer(_ => { }, null, LongDurations.ForTimer(duration), Timeout.InfiniteTimeSpan);
        using var stop = new CancellationTokenSource();
        var wait = LongDurations.DelayAsync(duration, TimeProvider.System, stop.Token);
        await stop.CancelAsync();
        if (seconds > 1)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        }
    }

    [Fact]
    public void A_negative_number_counts_as_zero()
    {
        Assert.Equal(TimeSpan.Zero, LongDurations.FromSeconds(-5));
        Assert.Equal(Now, Now.After(long.MinValue));
    }
}
