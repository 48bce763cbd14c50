using CsCheck;
using Petrel.Simulation.Time;

namespace Petrel.Simulation.Tests.Time;

public sealed class VirtualTimeProviderTests
{
    private readonly VirtualTimeProvider _clock = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Timers_fire_in_order_of_due_time_and_then_of_setting()
    {
        using var c = Timer("c", 3);
        using var a1 = Timer("a1", 1);
        using var a2 = Timer("a2", 1);
        using var now = Timer("now", 0);

        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["now@0", "a1@1", "a2@1"], _fired);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("c@3", _fired[^1]);
    }

    [Fact]
    public void A_periodic_timer_fires_at_every_period_until_disposed()
    {
        var timer = Timer("p", 1, 2);
        _clock.Advance(TimeSpan.FromSeconds(6));
        timer.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(["p@1", "p@3", "p@5"], _fired);
        Assert.Null(_clock.NextDue);
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public void A_change_replaces_the_deadline()
    {
        using var timer = Timer("t", 1);
        timer.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(_fired);
        Assert.Equal(TimeSpan.FromSeconds(5), _clock.NextDue);

        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(_fired);

        timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(["t@9"], _fired);
    }

    [Fact]
    public void A_timer_set_by_a_timer_fires_on_the_way()
    {
        ITimer? second = null;
        using var first = _clock.CreateTimer(_ => second = Timer("second", 1), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        _clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(["second@2"], _fired);
        second!.Dispose();
    }

    [Fact]
    public void Timestamps_and_wall_clock_move_together()
    {
        var start = _clock.GetUtcNow();
        var stamp = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromMilliseconds(1500));

        Assert.Equal(TimeSpan.FromMilliseconds(1500), _clock.GetUtcNow() - start);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), _clock.GetElapsedTime(stamp));
    }

    [Fact]
    public void Negative_times_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Timer("t", -2));
    }

    [Fact]
    public void Whatever_is_set_changed_and_cancelled_what_remains_fires_at_its_time()
    {
        Gen.Int[0, 3000]
            .Array[1, 4000]
            .Sample(
                dues =>
                {
                    var clock = new VirtualTimeProvider();
                    var fired = new List<(long At, int Due)>();
                    var timers = dues.Select(due =>
                            clock.CreateTimer(
                                _ => fired.Add((clock.GetTimestamp(), due)),
                                null,
                                TimeSpan.FromTicks(due),
                                Timeout.InfiniteTimeSpan
                            )
                        )
                        .ToArray();
                    // Two of three are cancelled: enough that the heap is compacted.
                    for (var i = 0; i < timers.Length; i++)
                    {
                        if (i % 3 != 0)
                        {
                            timers[i].Dispose();
                        }
                    }
                    clock.Advance(TimeSpan.FromTicks(3000));
                    var expected = dues.Where((_, i) => i % 3 == 0).Order().Select(due => ((long)due, due));
                    Assert.Equal(expected, fired);
                },
                iter: 100
            );
    }

    private ITimer Timer(string name, int due, int period = 0) =>
        _clock.CreateTimer(
            _ => _fired.Add($"{name}@{_clock.Elapsed.TotalSeconds}"),
            null,
            TimeSpan.FromSeconds(due),
            TimeSpan.FromSeconds(period)
        );
}
