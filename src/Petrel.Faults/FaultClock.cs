namespace Petrel.Faults;

/// <summary>The clock of a run with faults. No fault lasts beyond the time at which all faults heal.</summary>
/// <param name="time">The true time. The run begins now.</param>
/// <param name="healAt">The time since the start of the run at which all faults heal.</param>
public sealed class FaultClock(TimeProvider time, TimeSpan healAt)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>The time since the start of the run.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    public TimeSpan HealAt => healAt;

    /// <summary>Waits until a time since the start, or until all faults heal.</summary>
    public Task UntilAsync(TimeSpan at, CancellationToken cancellationToken)
    {
        var wait = (at < healAt ? at : healAt) - Elapsed;
        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }
}
