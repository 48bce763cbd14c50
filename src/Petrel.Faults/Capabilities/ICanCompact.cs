namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose store can forget past revisions while a process is cut off, so that the process must list again.</summary>
public interface ICanCompact : ICanPartition, ICanDropWatches, ICanRestart
{
    /// <summary>The store forgets all revisions before the current one.</summary>
    ValueTask CompactAsync(CancellationToken cancellationToken);
}
