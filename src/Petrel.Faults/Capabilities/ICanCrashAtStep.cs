namespace Petrel.Faults.Capabilities;

/// <summary>A cluster that counts the steps of its processes. Only a simulator does this.</summary>
public interface ICanCrashAtStep
{
    /// <summary>
    /// Kills a process instead of its n-th step from now. The step may be at any await, also in the middle of an instant. Returns when the
    /// process is dead, or null when it did not take that many steps in time. When the effect ends, the process starts again.
    /// </summary>
    Task<IAsyncDisposable?> CrashAtStepAsync(string process, int step, TimeSpan within, CancellationToken cancellationToken);
}
