namespace Petrel.Faults.Capabilities;

/// <summary>A cluster that counts the steps of its processes. Only a simulator does.</summary>
public interface ICanCrashAtStep
{
    /// <summary>
    /// Kills a process in place of its n-th step from now: at any await, in the middle of an instant too. Returns when it is dead, and null
    /// when it did not take so many steps in time. The end of the effect starts it.
    /// </summary>
    Task<IAsyncDisposable?> CrashAtStepAsync(string process, int step, TimeSpan within, CancellationToken cancellationToken);
}
