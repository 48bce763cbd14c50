using Petrel.Model;

namespace Petrel.Simulation.Time;

/// <summary>
/// A clock that moves only when it is told to. Timers fire in the order of (due time, order of setting), each exactly at its due
/// time. Timestamps are ticks of 100 ns since the start. Use it from one thread.
/// </summary>
public sealed class VirtualTimeProvider(DateTimeOffset start) : TimeProvider
{
    // Noon on an ordinary day. Runs should not all cross the same date boundary.
    private static readonly DateTimeOffset OrdinaryDay = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    private readonly DeadlineHeap _deadlines = new();
    private long _now;
    private long _sequence;

    public VirtualTimeProvider()
        : this(OrdinaryDay) { }

    /// <summary>How far the clock has moved since the start.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(_now);

    /// <summary>When the next timer is due, since the start; null when there is none.</summary>
    public TimeSpan? NextDue => _deadlines.TryPeek(out _, out var ticks) ? TimeSpan.FromTicks(ticks) : null;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => start.AddTicks(_now);

    /// <inheritdoc/>
    public override long GetTimestamp() => _now;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        CreateTimer(callback, state, dueTime, period, static timer => timer.Invoke());

    /// <summary>Moves the clock, firing each timer on the way at its time.</summary>
    public void Advance(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        var end = _now + duration.Ticks;
        while (FireNext(TimeSpan.FromTicks(end))) { }
        _now = end;
    }

    /// <summary>
    /// Moves the clock to the next timer that is due no later than <paramref name="limit"/> and fires it; false when there is none.
    /// </summary>
    internal bool FireNext(TimeSpan limit)
    {
        if (!_deadlines.TryPeek(out var timer, out var ticks) || ticks > limit.Ticks)
        {
            return false;
        }
        Invariant.Check(ticks >= _now, $"a timer was due at {ticks}, and it is {_now}");
        _now = ticks;
        _deadlines.Remove(timer);
        timer.Fire();
        return true;
    }

    /// <summary>Moves the clock without firing anything; no timer may be due on the way.</summary>
    internal void MoveTo(TimeSpan elapsed)
    {
        Invariant.Check(
            !_deadlines.TryPeek(out _, out var due) || due >= elapsed.Ticks,
            $"the clock moves to {elapsed} past a timer at {due}"
        );
        _now = Math.Max(_now, elapsed.Ticks);
    }

    /// <summary>A timer that hands itself to <paramref name="dispatch"/> when due instead of running its callback there and then.</summary>
    internal VirtualTimer CreateTimer(
        TimerCallback callback,
        object? state,
        TimeSpan dueTime,
        TimeSpan period,
        Action<VirtualTimer> dispatch
    )
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state, dispatch);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Sets the deadline of a timer that has none.</summary>
    internal void Schedule(VirtualTimer timer, TimeSpan delay) => _deadlines.Add(timer, _now + delay.Ticks, ++_sequence);

    /// <summary>A timer's deadline, if it has one, no longer counts.</summary>
    internal void Cancel(VirtualTimer timer) => _deadlines.Remove(timer);
}
