namespace Petrel.Faults;

/// <summary>The time of a run in which faults are injected. No fault lasts beyond the time at which all of them heal.</summary>
/// <param name="time">The true time. The run begins now.</param>
/// <param name="healAt">When all faults heal, since the start of the run.</param>
public sealed class FaultClock(TimeProvider time, TimeSpan healAt)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Since the start of the run.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    public TimeSpan HealAt => healAt;

    /// <summary>Waits until a time since the start, or until all faults heal.</summary>
    public Task UntilAsync(TimeSpan at, CancellationToken cancellationToken)
    {
        var wait = (at < healAt ? at : healAt) - Elapsed;
        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }
}
