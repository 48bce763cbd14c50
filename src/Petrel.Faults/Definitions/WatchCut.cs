using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>All watches of a process are cut at once. Their events in flight are lost.</summary>
public static class WatchCut
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanDropWatches, NoParameters>
        {
            Name = "watch-cut",
            Weight = 2,
            Draw = static draw => new(new(), draw.Client()),
            Strike = static (cluster, fault, stop) => cluster.DropWatchesAsync(fault.Target, stop).AsTask(),
            Describe = static (who, _) => $"the streams to {who} are cut",
        };
}
