namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose containers can be made to start slowly.</summary>
public interface ICanSlowContainerStarts
{
    /// <summary>Delays the start of each container of a node.</summary>
    ValueTask<IAsyncDisposable?> SlowContainerStartsAsync(string node, TimeSpan delay, CancellationToken cancellationToken);
}
