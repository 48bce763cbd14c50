using Petrel.Faults.Capabilities;
using Petrel.Faults.Links;
using Petrel.Model.Determinism;

namespace Petrel.Faults.Definitions;

/// <summary>A process is partitioned from the server, in both directions or only one.</summary>
/// <param name="Direction">The blocked direction.</param>
public sealed record Partition(LinkDirection Direction = LinkDirection.Both) : FaultParameters
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanPartition, Partition>
        {
            Name = "partition",
            Weight = 6,
            Draw = static draw =>
            {
                var process = draw.Client();
                return new(new((LinkDirection)(1 + draw.Entropy.Next(3))), process, draw.Outage());
            },
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.PartitionAsync(fault.Target, fault.Parameters.Direction, stop), stop),
            Describe = static (who, parameters) =>
                parameters.Direction switch
                {
                    LinkDirection.ToServer => $"requests of {who} don't reach the server",
                    LinkDirection.FromServer => $"answers and events don't reach {who}",
                    _ => $"{who} is cut off",
                },
        };
}
