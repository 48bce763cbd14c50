using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>Watch events reach a process late while its requests pass, so that it acts on stale caches.</summary>
public static class StaleCache
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanDelayWatches, NoParameters>
        {
            Name = "stale-cache",
            Weight = 3,
            Draw = static draw => new(new(), draw.Client(), draw.Outage()),
            Strike = static (cluster, fault, stop) => fault.DuringAsync(cluster.DelayWatchesAsync(fault.Target, stop), stop),
            Describe = static (who, _) => $"{who} gets no events",
        };
}
