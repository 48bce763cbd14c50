namespace Petrel.Controllers.Framework;

/// <summary>
/// One controller: it registers what wakes it in its constructor, before the caches run, and works until cancelled.
/// </summary>
public interface IController
{
    /// <summary>Waits for the caches, then works until cancelled. Fails only when something is broken that a restart may mend.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
