using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>Commits fail and store nothing.</summary>
/// <param name="Probability">The probability that a commit fails.</param>
public sealed record FailingDisk(double Probability = 1) : FaultParameters
{
    private const double Worst = 0.3;

    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanBreakDisk, FailingDisk>
        {
            Name = "failing-disk",
            Weight = 2,
            Draw = static draw => new(new(draw.UpTo(Worst)), Duration: draw.Outage()),
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.BreakDiskAsync(new() { FailureProbability = fault.Parameters.Probability }, stop), stop),
            Describe = static (_, parameters) => $"{FaultText.Percent(parameters.Probability)} of commits fail",
        };
}
