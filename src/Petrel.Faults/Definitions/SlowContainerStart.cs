using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>The containers of a node start slowly.</summary>
/// <param name="Delay">The extra time of each start.</param>
public sealed record SlowContainerStart(TimeSpan Delay = default) : FaultParameters
{
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(20);

    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanSlowContainerStarts, SlowContainerStart>
        {
            Name = "slow-start",
            Weight = 2,
            NeedsNode = true,
            Draw = static draw =>
            {
                var node = draw.Node();
                return new(new(draw.UpTo(Slowest)), node, draw.Outage());
            },
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.SlowContainerStartsAsync(fault.Target, fault.Parameters.Delay, stop), stop),
            Describe = static (who, parameters) => $"containers on {who} take {FaultText.Seconds(parameters.Delay)} longer to start",
        };
}
