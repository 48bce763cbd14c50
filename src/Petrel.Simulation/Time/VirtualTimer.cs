namespace Petrel.Simulation.Time;

/// <summary>A timer of a <see cref="VirtualTimeProvider"/>.</summary>
internal sealed class VirtualTimer(VirtualTimeProvider clock, TimerCallback callback, object? state, Action<VirtualTimer> dispatch) : ITimer
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private bool _disposed;

    /// <summary>Its index in the <see cref="DeadlineHeap"/>, which alone sets it; -1 when it is not in the heap.</summary>
    public int Place { get; set; } = -1;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        if (_disposed)
        {
            return false;
        }
        clock.Cancel(this);
        _period = period;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            clock.Schedule(this, dueTime);
        }
        return true;
    }

    public void Dispose()
    {
        _disposed = true;
        clock.Cancel(this);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    /// <summary>The deadline has come.</summary>
    public void Fire()
    {
        if (_period > TimeSpan.Zero)
        {
            clock.Schedule(this, _period);
        }
        dispatch(this);
    }

    /// <summary>Runs the callback, unless the timer was disposed of meanwhile.</summary>
    public void Invoke()
    {
        if (_disposed)
        {
            return;
        }
        if (_context is null)
        {
            callback(state);
        }
        else
        {
            ExecutionContext.Run(_context, static timer => ((VirtualTimer)timer!).Call(), this);
        }
    }

    private void Call() => callback(state);

    // As the system's timers: what is too long for them must fail in a simulation, too.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private static void Check(TimeSpan value, string name)
    {
        if (value > Longest)
        {
            throw new ArgumentOutOfRangeException(name, value, "expected at most 49.7 days");
        }
        if (value < TimeSpan.Zero && value != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, value, "expected zero, a positive time, or Timeout.InfiniteTimeSpan");
        }
    }
}
