using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>Commits take longer. They are not visible before they are durable.</summary>
/// <param name="Delay">The extra latency of each commit.</param>
public sealed record SlowDisk(TimeSpan Delay = default) : FaultParameters
{
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(2);

    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanBreakDisk, SlowDisk>
        {
            Name = "slow-disk",
            Weight = 2,
            Draw = static draw => new(new(draw.UpTo(Slowest, exponent: 2)), Duration: draw.Outage()),
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.BreakDiskAsync(new() { Delay = fault.Parameters.Delay }, stop), stop),
            Describe = static (_, parameters) => $"commits take {FaultText.Seconds(parameters.Delay)} longer",
        };
}
