using Petrel.Faults.Links;

namespace Petrel.Faults.Capabilities;

/// <summary>A cluster in which a process can be partitioned from the server.</summary>
public interface ICanPartition
{
    /// <summary>Blocks messages between a process and the server, in one direction or both.</summary>
    ValueTask<IAsyncDisposable?> PartitionAsync(string process, LinkDirection direction, CancellationToken cancellationToken);
}
