namespace Petrel.Controllers.Framework;

/// <summary>A controller. It registers its watches in its constructor, before the caches run.</summary>
public interface IController
{
    /// <summary>Waits for the caches, then works until cancelled. Fails only for defects: a restart of all controllers may help.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
