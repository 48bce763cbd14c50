using Petrel.Model.Timing;

namespace Petrel.Model.Tests.Timing;

public sealed class SteadyTimeTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void It_does_not_jump_when_the_clock_is_set(int hours)
    {
        var clock = new SettableClock();
        var steady = new SteadyTime(clock);
        var start = steady.GetUtcNow();
        Assert.Equal(clock.GetUtcNow(), start);
        clock.Ticks += TimeSpan.TicksPerSecond;
        clock.Now = clock.Now.AddHours(hours);
        Assert.Equal(start.AddSeconds(1), steady.GetUtcNow());
    }

    private sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Ticks;
    }
}
