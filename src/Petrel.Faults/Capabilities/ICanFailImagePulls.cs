namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose nodes can be kept from pulling images.</summary>
public interface ICanFailImagePulls
{
    /// <summary>Every image pull of a node fails.</summary>
    ValueTask<IAsyncDisposable?> FailImagePullsAsync(string node, CancellationToken cancellationToken);
}
