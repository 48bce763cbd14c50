namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose containers can be made to start slowly.</summary>
public interface ICanSlowContainerStarts
{
    /// <summary>Each container of a node takes longer to start.</summary>
    ValueTask<IAsyncDisposable?> SlowContainerStartsAsync(string node, TimeSpan delay, CancellationToken cancellationToken);
}
