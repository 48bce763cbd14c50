using Petrel.Simulation.Time;

namespace Petrel.Client.Tests;

public sealed class WorkQueueTests : IDisposable
{
    private readonly VirtualTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new(_time, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(100));

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void A_key_that_waits_already_is_there_once_and_keeps_its_place()
    {
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("a");
        Assert.Equal(["a", "b"], TakeAll());
    }

    [Fact]
    public void A_key_added_while_it_is_worked_on_comes_again_afterwards_and_once()
    {
        _queue.Add("a");
        Assert.Equal("a", Take());
        _queue.Add("a");
        _queue.Add("a");
        Assert.Equal(0, _queue.Count);
        _queue.Done("a");
        Assert.Equal(["a"], TakeAll());
        _queue.Done("a");
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task Whoever_waits_gets_the_next_key()
    {
        var waiting = _queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(waiting.IsCompleted);
        _queue.Add("a");
        Assert.Equal("a", await waiting);
    }

    [Fact]
    public async Task A_key_is_not_lost_to_someone_who_stopped_waiting()
    {
        using var stopping = new CancellationTokenSource();
        var stopped = _queue.TakeAsync(stopping.Token).AsTask();
        var waiting = _queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
        _queue.Add("a");
        Assert.Equal("a", await waiting);
    }

    [Fact]
    public void A_delayed_key_comes_when_it_is_due()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(0, _queue.Count);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(["a"], TakeAll());
    }

    [Theory]
    [InlineData(5, 2)]
    [InlineData(2, 5)]
    public void Of_several_delays_the_earliest_counts_and_only_it(int first, int second)
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(first));
        _queue.AddAfter("a", TimeSpan.FromSeconds(second));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["a"], TakeAll());
        _queue.Done("a");
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, _queue.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void A_delay_that_is_over_is_none(int seconds)
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(seconds));
        Assert.Equal(["a"], TakeAll());
    }

    [Theory]
    [InlineData(9_000_000)]
    [InlineData(100L * 366 * 24 * 3600)]
    public void A_delay_may_be_longer_than_a_timer_takes(long seconds)
    {
        var delay = TimeSpan.FromSeconds(seconds);
        _queue.AddAfter("a", delay);
        for (var step = delay / 100; _time.Elapsed + step < delay; )
        {
            _time.Advance(step);
            Assert.Equal(0, _queue.Count);
        }
        _time.Advance(delay - _time.Elapsed);
        Assert.Equal(["a"], TakeAll());
        using var real = new WorkQueue<string>(TimeProvider.System);
        real.AddAfter("a", delay);
        Assert.Equal(0, real.Count);
    }

    [Fact]
    public void A_delayed_key_that_was_added_meanwhile_is_there_once()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _queue.Add("a");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["a"], TakeAll());
    }

    [Fact]
    public void The_delay_doubles_up_to_its_limit_until_the_failures_are_forgotten()
    {
        Assert.Equal([10, 20, 40, 80, 100, 100], Enumerable.Range(0, 6).Select(_ => DelayOf("a")));
        Assert.Equal(10, DelayOf("b"));
        _queue.Forget("a");
        Assert.Equal(10, DelayOf("a"));
    }

    [Fact]
    public void A_disposed_queue_takes_nothing_and_wakes_nobody()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        _queue.Dispose();
        _queue.Add("b");
        _queue.AddAfter("c", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(0, _queue.Count);
        Assert.Null(_time.NextDue);
    }

    private double DelayOf(string key)
    {
        var start = _time.Elapsed;
        _queue.AddRateLimited(key);
        _time.Advance(_time.NextDue!.Value - start);
        Assert.Equal(key, Take());
        _queue.Done(key);
        return (_time.Elapsed - start).TotalMilliseconds;
    }

    private string Take()
    {
        var taken = _queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.True(taken.IsCompletedSuccessfully);
        return taken.Result;
    }

    private List<string> TakeAll()
    {
        var all = new List<string>();
        while (_queue.Count > 0)
        {
            all.Add(Take());
        }
        return all;
    }
}
