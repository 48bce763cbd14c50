namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose wall clocks can be wrong.</summary>
public interface ICanSkewClock
{
    /// <summary>
    /// Sets the wall clock of a process ahead by <paramref name="offset"/>, and makes it gain <paramref name="drift"/> seconds each
    /// second. When the effect ends, the clock is correct again.
    /// </summary>
    ValueTask<IAsyncDisposable?> SkewClockAsync(string process, TimeSpan offset, double drift, CancellationToken cancellationToken);
}
