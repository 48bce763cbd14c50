using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests;

/// <summary>Time that stands still until it is moved; its timers fire as it passes them.</summary>
/// <param name="start">When it begins; at some moment when it does not matter.</param>
internal sealed class ManualTime(DateTimeOffset? start = null) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly SortedSet<ManualTimer> _timers = new(
        Comparer<ManualTimer>.Create(static (a, b) => (a.Due, a.Turn).CompareTo((b.Due, b.Turn)))
    );
    private long _turns;
    private DateTimeOffset _now = start ?? new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        var end = GetUtcNow() + by;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Min is { } first && first.Due <= end ? first : null;
                _now =
                    next is null ? end
                    : next.Due > _now ? next.Due
                    : _now;
                if (next is not null)
                {
                    _timers.Remove(next);
                    if (next.Period > TimeSpan.Zero)
                    {
                        Set(next, next.Due + next.Period);
                    }
                }
            }
            if (next is null)
            {
                return;
            }
            next.Fire();
        }
    }

    private void Set(ManualTimer timer, DateTimeOffset due)
    {
        (timer.Due, timer.Turn) = (due, ++_turns);
        _timers.Add(timer);
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; }

        /// <summary>Of timers due at the same time, the one that was set first fires first.</summary>
        public long Turn { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
                Period = period;
                if (dueTime >= TimeSpan.Zero)
                {
                    time.Set(this, time._now + dueTime);
                }
            }
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
