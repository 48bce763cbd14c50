using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>Commits are stored but reported as failed.</summary>
/// <param name="Probability">The probability of this for each commit.</param>
public sealed record LostCommits(double Probability = 1) : FaultParameters
{
    private const double Worst = 0.3;

    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanBreakDisk, LostCommits>
        {
            Name = "lost-commits",
            Weight = 2,
            Draw = static draw => new(new(draw.UpTo(Worst)), Duration: draw.Outage()),
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.BreakDiskAsync(new() { LostAnswerProbability = fault.Parameters.Probability }, stop), stop),
            Describe = static (_, parameters) =>
                $"{FaultText.Percent(parameters.Probability)} of commits are stored and reported as failed",
        };
}
