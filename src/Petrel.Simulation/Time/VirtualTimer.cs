namespace Petrel.Simulation.Time;

/// <summary>A timer of a <see cref="VirtualTimeProvider"/>.</summary>
internal sealed class VirtualTimer(VirtualTimeProvider clock, TimerCallback callback, object? state, Action<VirtualTimer> dispatch) : ITimer
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private long _sequence; // of the deadline that counts; 0 when none does
    private bool _disposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        if (_disposed)
        {
            return false;
        }
        Cancel();
        _period = period;
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            _sequence = clock.Schedule(this, dueTime);
        }
        return true;
    }

    public void Dispose()
    {
        _disposed = true;
        Cancel();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    /// <summary>Whether the deadline with this number is the one that counts.</summary>
    public bool Counts(long sequence) => _sequence == sequence;

    /// <summary>The deadline has come.</summary>
    public void Fire(long sequence)
    {
        if (!Counts(sequence))
        {
            return;
        }
        _sequence = _period > TimeSpan.Zero ? clock.Schedule(this, _period) : 0;
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

    private void Cancel()
    {
        if (_sequence != 0)
        {
            _sequence = 0;
            clock.Abandon();
        }
    }

    private static void Check(TimeSpan value, string name)
    {
        if (value < TimeSpan.Zero && value != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, value, "expected zero, a positive time, or Timeout.InfiniteTimeSpan");
        }
    }
}
