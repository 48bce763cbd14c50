namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose watch connections can be cut.</summary>
public interface ICanDropWatches
{
    /// <summary>Cuts all watches of a process, with the events in flight on them; those of all processes when the name is empty.</summary>
    ValueTask DropWatchesAsync(string process, CancellationToken cancellationToken);
}
