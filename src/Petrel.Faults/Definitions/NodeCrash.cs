using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>A node loses power: its agent and all its containers are killed. The node restarts without containers.</summary>
public static class NodeCrash
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanCutPower, NoParameters>
        {
            Name = "node-crash",
            Weight = 6,
            NeedsNode = true,
            Draw = static draw => new(new(), draw.Node(), draw.Outage()),
            Strike = static (cluster, fault, stop) => fault.DuringAsync(cluster.CutPowerAsync(fault.Target, stop), stop),
            Describe = static (who, _) => $"{who} has no power",
        };
}
