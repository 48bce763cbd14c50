namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose watch connections can be cut.</summary>
public interface ICanDropWatches
{
    /// <summary>Cuts all watches of a process and drops their events in flight. An empty name stands for all processes.</summary>
    ValueTask DropWatchesAsync(string process, CancellationToken cancellationToken);
}
