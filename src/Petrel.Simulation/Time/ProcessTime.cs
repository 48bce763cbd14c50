using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Time;

/// <summary>
/// The clock as one simulated process sees it: its timers run in the process and die with it, and its wall clock may be wrong
/// by <see cref="Skew"/>. Timestamps and timers follow the true clock.
/// </summary>
public sealed class ProcessTime : TimeProvider
{
    private readonly VirtualTimeProvider _clock;
    private readonly SimulatedProcess _process;

    internal ProcessTime(VirtualTimeProvider clock, SimulatedProcess process)
    {
        _clock = clock;
        _process = process;
    }

    /// <summary>How far the wall clock is ahead of the true time.</summary>
    public TimeSpan Skew { get; set; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow() + Skew;

    /// <inheritdoc/>
    public override long GetTimestamp() => _clock.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => _clock.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _process.AdmitsTimers()
            ? _clock.CreateTimer(callback, state, dueTime, period, Dispatch)
            : _clock.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, Dispatch);

    private void Dispatch(VirtualTimer timer)
    {
        if (_process.IsAlive)
        {
            _process.Enqueue(static t => ((VirtualTimer)t!).Invoke(), timer);
        }
        else
        {
            timer.Dispose();
        }
    }
}
