using Petrel.Faults;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Plans;

/// <summary>
/// The complete description of a run: the same plan gives the same history, byte for byte. A scenario draws a plan from a seed, the
/// shrinker reduces it, and a file keeps it. Random choices during the run come from <see cref="Seed"/>, in one stream for each purpose
/// and component, so that leaving out one fault or operation changes as little as possible elsewhere.
/// </summary>
public sealed record RunPlan
{
    /// <summary>The format of plan files that this program writes.</summary>
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>The scenario's name. The scenario defines the programs, code of users where it has some, and the goal.</summary>
    public required string Scenario { get; init; }

    public required ulong Seed { get; init; }

    public required PlannedWorld World { get; init; }

    /// <summary>Faults happen for so long, and then everything heals.</summary>
    public required TimeSpan FaultsEnd { get; init; }

    /// <summary>What users do, in addition to the scenario's code.</summary>
    public IReadOnlyList<PlannedOperation> Operations { get; init; } = [];

    /// <summary>What breaks.</summary>
    public IReadOnlyList<PlannedFault> Faults { get; init; } = [];

    /// <summary>The known violation of the run; null when there is none.</summary>
    public PlannedFinding? Finding { get; init; }
}

/// <summary>The part of the simulated cluster that a plan defines. The scenario defines the rest.</summary>
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
