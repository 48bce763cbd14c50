using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Plans;

/// <summary>
/// A run, wholly described: the same plan gives the same history, byte for byte. A scenario draws one from a seed; the shrinker makes
/// smaller ones of it; a file keeps it. What is random while it runs comes from <see cref="Seed"/>, drawn apart for each purpose and
/// component, so that leaving out one fault or operation changes as little as possible elsewhere.
/// </summary>
public sealed record RunPlan
{
    /// <summary>The format of plan files that this program writes.</summary>
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>The scenario's name: it brings the programs, the user's code where it has some, and the goal.</summary>
    public required string Scenario { get; init; }

    public required ulong Seed { get; init; }

    public required PlannedWorld World { get; init; }

    /// <summary>Faults happen for so long, and then everything heals.</summary>
    public required TimeSpan FaultsEnd { get; init; }

    /// <summary>What users do, beside what the scenario's code does.</summary>
    public IReadOnlyList<PlannedOperation> Operations { get; init; } = [];

    /// <summary>What breaks.</summary>
    public IReadOnlyList<PlannedFault> Faults { get; init; } = [];

    /// <summary>What the run is known to violate; null when nobody has said.</summary>
    public PlannedFinding? Finding { get; init; }
}

/// <summary>The simulated cluster, as far as a plan says; the rest is the scenario's.</summary>
public sealed record PlannedWorld
{
    public required int Nodes { get; init; }

    /// <summary>How long pods stay bound to a node that is not ready or not reachable.</summary>
    public required long TolerationSeconds { get; init; }
}

/// <summary>What a run violates.</summary>
/// <param name="Rule">The invariant, or what failed: see <see cref="Finding.Rule"/>.</param>
/// <param name="At">When.</param>
/// <param name="What">In words.</param>
public sealed record PlannedFinding(string Rule, TimeSpan At, string What)
{
    public static PlannedFinding Of(Finding finding) => new(finding.Rule, finding.At, finding.What);
}
