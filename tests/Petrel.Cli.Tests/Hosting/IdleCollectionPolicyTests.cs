using Petrel.Cli.Hosting;

namespace Petrel.Cli.Tests.Hosting;

/// <summary>When an idle server collects its garbage: rarely, for a gain, and never while it has work.</summary>
public sealed class IdleCollectionPolicyTests
{
    private const long MiB = 1L << 20;

    private readonly IdleCollectionPolicy _policy = new(default);
    private TimeSpan _now;
    private long _allocated;

    [Fact]
    public void An_idle_server_collects_what_the_last_load_left()
    {
        Minutes(5, allocated: 500 * MiB, heap: 40 * MiB);

        Assert.True(Minute(allocated: 8 * MiB, heap: 48 * MiB));
    }

    [Fact]
    public void A_server_that_has_just_started_waits_for_five_minutes()
    {
        Minutes(4, allocated: 8 * MiB, heap: 40 * MiB);

        Assert.True(Minute(allocated: 8 * MiB, heap: 40 * MiB));
    }

    [Fact]
    public void A_server_under_load_never_collects() => Minutes(60, allocated: 32 * MiB, heap: 200 * MiB);

    [Fact]
    public void Load_in_the_last_minute_defers_the_collection()
    {
        Minutes(4, allocated: 8 * MiB, heap: 40 * MiB);

        Assert.False(Minute(allocated: 32 * MiB, heap: 60 * MiB));
        Assert.True(Minute(allocated: 32 * MiB - 1, heap: 60 * MiB));
    }

    [Fact]
    public void The_next_collection_comes_five_minutes_after_the_last()
    {
        Minutes(4, allocated: 8 * MiB, heap: 40 * MiB);
        Assert.True(Minute(allocated: 8 * MiB, heap: 40 * MiB));
        Collected(heap: 10 * MiB);

        Minutes(4, allocated: 8 * MiB, heap: 40 * MiB);

        Assert.True(Minute(allocated: 8 * MiB, heap: 40 * MiB));
    }

    [Fact]
    public void A_heap_that_has_not_grown_since_the_last_collection_is_left_alone()
    {
        Minutes(4, allocated: 8 * MiB, heap: 100 * MiB);
        Assert.True(Minute(allocated: 8 * MiB, heap: 100 * MiB));
        Collected(heap: 90 * MiB);

        Minutes(60, allocated: 8 * MiB, heap: 106 * MiB - 1);

        Assert.True(Minute(allocated: 8 * MiB, heap: 106 * MiB));
    }

    [Fact]
    public void A_heap_whose_collection_would_pause_for_long_is_left_alone()
    {
        Minutes(60, allocated: 8 * MiB, heap: 256 * MiB + 1);

        Assert.True(Minute(allocated: 8 * MiB, heap: 256 * MiB));
    }

    // The minutes of a server in none of which it collects.
    private void Minutes(int count, long allocated, long heap)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.False(Minute(allocated, heap));
        }
    }

    private bool Minute(long allocated, long heap)
    {
        _now += TimeSpan.FromMinutes(1);
        _allocated += allocated;
        return _policy.ShouldCollect(new(_now, _allocated, heap));
    }

    private void Collected(long heap) => _policy.Collected(new(_now, _allocated, heap));
}
