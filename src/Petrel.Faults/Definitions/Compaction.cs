using Petrel.Faults.Capabilities;
using Petrel.Faults.Links;

namespace Petrel.Faults.Definitions;

/// <summary>
/// A process is partitioned. Before it can resume its watches, the store and the server drop the changes since the partition began. The
/// process gets 410 Gone and must list again.
/// </summary>
public static class Compaction
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanCompact, NoParameters>
        {
            Name = "compaction",
            Weight = 2,
            Draw = static draw => new(new(), draw.Client(), draw.Restart()),
            Strike = StrikeAsync,
            Describe = static (who, _) => $"{who} is cut off, and meanwhile the server forgets what has changed",
        };

    private static async Task StrikeAsync(ICanCompact cluster, FaultStrike<NoParameters> fault, CancellationToken stop)
    {
        if (await cluster.PartitionAsync(fault.Target, LinkDirection.Both, stop) is not { } partition)
        {
            return;
        }
        await using (partition)
        {
            await cluster.DropWatchesAsync(fault.Target, stop);
            await fault.UntilEndAsync(stop);
            await cluster.CompactAsync(stop);
            // The server's watch cache keeps compacted changes until the server restarts.
            if (await cluster.KillAsync(ClusterProcess.Server, stop) is { } restart)
            {
                await restart.DisposeAsync();
            }
        }
    }
}
