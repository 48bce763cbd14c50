using Petrel.Simulation.Time;

namespace Petrel.Simulation.Execution;

/// <summary>
/// The clock as one simulated process sees it: its timers run in the process and die with it, and its wall clock may be wrong
/// by <see cref="Skew"/>, or as its machine's <see cref="Wall"/> is. Timestamps and timers follow the true clock: they are monotonic
/// whatever the wall clock does.
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

    /// <summary>The wall clock of the machine that the process runs on; null when it is right.</summary>
    public WallClock? Wall { get; set; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow() + Skew + (Wall?.Skew ?? TimeSpan.Zero);

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
