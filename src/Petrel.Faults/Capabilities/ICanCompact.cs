namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose store can compact revisions while a process is partitioned, so that the process must list again.</summary>
public interface ICanCompact : ICanPartition, ICanDropWatches, ICanRestart
{
    /// <summary>Compacts all revisions before the current one.</summary>
    ValueTask CompactAsync(CancellationToken cancellationToken);
}
