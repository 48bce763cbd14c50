using Petrel.Model.Documents;

namespace Petrel.Model.Tests;

public sealed class TimestampsTests
{
    private static readonly DateTimeOffset Time = new DateTimeOffset(2026, 3, 9, 7, 5, 4, TimeSpan.FromHours(2)).AddTicks(1_234_567);

    [Fact]
    public void Times_are_written_in_UTC_with_seconds_or_microseconds()
    {
        Assert.Equal("2026-03-09T05:05:04Z", Time.ToTimestamp());
        Assert.Equal("2026-03-09T05:05:04Z", Time.UtcDateTime.ToTimestamp());
        Assert.Equal("2026-03-09T05:05:04.123456Z", Time.ToMicroTimestamp());
        Assert.Equal("2026-03-09T05:05:04.123456Z", Time.UtcDateTime.ToMicroTimestamp());
        Assert.Equal("2026-03-09T05:05:04.000000Z", Time.AddTicks(-1_234_567).ToMicroTimestamp());
    }
}
