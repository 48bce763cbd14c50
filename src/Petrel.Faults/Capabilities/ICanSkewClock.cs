namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose wall clocks can be wrong.</summary>
public interface ICanSkewClock
{
    /// <summary>
    /// Sets the wall clock under a process ahead by <paramref name="offset"/>, and makes it gain <paramref name="drift"/> seconds each
    /// second. The end of the effect sets it right.
    /// </summary>
    ValueTask<IAsyncDisposable?> SkewClockAsync(string process, TimeSpan offset, double drift, CancellationToken cancellationToken);
}
