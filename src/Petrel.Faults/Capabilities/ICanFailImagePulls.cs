namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose nodes can fail to pull images.</summary>
public interface ICanFailImagePulls
{
    /// <summary>Makes every image pull of a node fail.</summary>
    ValueTask<IAsyncDisposable?> FailImagePullsAsync(string node, CancellationToken cancellationToken);
}
