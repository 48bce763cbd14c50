namespace Petrel.Simulation.Time;

/// <summary>
/// A clock that moves only when it is told to. Timers fire in the order of (due time, order of setting), each exactly at its due
/// time. Timestamps are ticks of 100 ns since the start. Use it from one thread.
/// </summary>
public sealed class VirtualTimeProvider(DateTimeOffset start) : TimeProvider
{
    // Noon on an ordinary day: far from a change of day, which would hide mistakes with dates in every run alike.
    private static readonly DateTimeOffset OrdinaryDay = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<(VirtualTimer Timer, long Sequence), Deadline> _deadlines = new();
    private long _now;
    private long _sequence;
    private int _stale;

    public VirtualTimeProvider()
        : this(OrdinaryDay)
    {
    }

    /// <summary>How far the clock has moved since the start.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(_now);

    /// <summary>When the next timer is due, since the start; null when there is none.</summary>
    public TimeSpan? NextDue => DropStale() ? TimeSpan.FromTicks(Next.Ticks) : null;

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
        while (FireNext(TimeSpan.FromTicks(end)))
        {
        }
        _now = end;
    }

    /// <summary>Moves the clock to the next timer that is due no later than <paramref name="limit"/> and fires it; false when there is none.</summary>
    internal bool FireNext(TimeSpan limit)
    {
        if (!DropStale() || Next.Ticks > limit.Ticks)
        {
            return false;
        }
        var (timer, sequence) = _deadlines.Peek();
        _now = Math.Max(_now, Next.Ticks);
        _deadlines.Dequeue();
        timer.Fire(sequence);
        return true;
    }

    /// <summary>Moves the clock without firing anything; no timer may be due on the way.</summary>
    internal void MoveTo(TimeSpan elapsed) => _now = Math.Max(_now, elapsed.Ticks);

    /// <summary>A timer that hands itself to <paramref name="dispatch"/> when due instead of running its callback there and then.</summary>
    internal VirtualTimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period, Action<VirtualTimer> dispatch)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state, dispatch);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Sets a deadline and answers its number, by which the timer knows the one that counts.</summary>
    internal long Schedule(VirtualTimer timer, TimeSpan delay)
    {
        var sequence = ++_sequence;
        _deadlines.Enqueue((timer, sequence), new(_now + delay.Ticks, sequence));
        return sequence;
    }

    /// <summary>A deadline that was set no longer counts.</summary>
    internal void Abandon()
    {
        // Cancelled deadlines stay in the heap until they come up, unless they are most of it: requests set and cancel timeouts by the thousand.
        if (++_stale > 1024 && _stale > _deadlines.Count / 2)
        {
            var live = _deadlines.UnorderedItems.Where(e => e.Element.Timer.Counts(e.Element.Sequence)).ToArray();
            _deadlines.Clear();
            _deadlines.EnqueueRange(live.Select(e => (e.Element, e.Priority)));
            _stale = 0;
        }
    }

    private Deadline Next => _deadlines.TryPeek(out _, out var deadline) ? deadline : throw new InvalidOperationException("no timer is set");

    // False when no deadline is left.
    private bool DropStale()
    {
        while (_deadlines.TryPeek(out var next, out _))
        {
            if (next.Timer.Counts(next.Sequence))
            {
                return true;
            }
            _deadlines.Dequeue();
            _stale = Math.Max(0, _stale - 1);
        }
        return false;
    }

    private readonly record struct Deadline(long Ticks, long Sequence) : IComparable<Deadline>
    {
        public int CompareTo(Deadline other) =>
            Ticks != other.Ticks ? Ticks.CompareTo(other.Ticks) : Sequence.CompareTo(other.Sequence);
    }
}
