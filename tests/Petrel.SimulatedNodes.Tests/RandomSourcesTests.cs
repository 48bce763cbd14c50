using Petrel.Model.Determinism;
using Petrel.SimulatedNodes;

namespace Petrel.SimulatedNodes.Tests;

public sealed class RandomSourcesTests
{
    [Fact]
    public void What_one_thing_draws_does_not_depend_on_others()
    {
        var random = new RandomSources(7);
        var alone = random.Of("node sim-1").NextUInt64();
        random.Of("node sim-2").NextUInt64();
        Assert.Equal(alone, random.Of("node sim-1").NextUInt64());
        Assert.NotEqual(alone, random.Of("node sim-2").NextUInt64());
        Assert.NotEqual(alone, new RandomSources(8).Of("node sim-1").NextUInt64());
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.3)]
    [InlineData(1.0)]
    public void The_chance_of_the_first_minute_is_the_rate(double rate)
    {
        var entropy = new SeededEntropy(1);
        const int Tries = 20_000;
        var within = Enumerable.Range(0, Tries).Count(_ => RandomSources.FirstIn(entropy, rate) < TimeSpan.FromMinutes(1));
        Assert.Equal(rate, (double)within / Tries, tolerance: 0.02);
    }

    [Fact]
    public void What_has_no_chance_never_happens() => Assert.Null(RandomSources.FirstIn(new SeededEntropy(1), 0));

    [Theory]
    [InlineData("2s", 2, 2)]
    [InlineData("500ms..1m30s", 0.5, 90)]
    [InlineData("0s..0s", 0, 0)]
    public void Durations_and_ranges_of_them_are_read(string text, double least, double most)
    {
        Assert.True(DurationRange.TryParse(text, out var range));
        Assert.Equal(DurationRange.Seconds(least, most), range);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    [InlineData("2s..1s")]
    [InlineData("-1s")]
    [InlineData("1s..2s..3s")]
    [InlineData("soon")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationRange.TryParse(text, out _));

    [Fact]
    public void A_range_is_written_as_it_is_read() =>
        Assert.Equal(("2s", "500ms..1m30s"), ($"{DurationRange.Seconds(2, 2)}", $"{DurationRange.Seconds(0.5, 90)}"));
}
