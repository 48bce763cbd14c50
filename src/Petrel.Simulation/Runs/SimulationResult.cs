using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Runs;

/// <summary>The result of one run.</summary>
public sealed record SimulationResult
{
    public required string Scenario { get; init; }
    public required ulong Seed { get; init; }

    /// <summary>What was run.</summary>
    public required RunPlan Plan { get; init; }

    /// <summary>What was violated first; null when the run passed.</summary>
    public Violation? Violation { get; init; }

    public bool Passed => Violation is null;

    /// <summary>How much time passed in the simulated world.</summary>
    public required TimeSpan VirtualTime { get; init; }

    public required long Commits { get; init; }

    /// <summary>Pieces of work that ran.</summary>
    public required long Steps { get; init; }

    /// <summary>The history's digest: equal for equal runs.</summary>
    public required string Digest { get; init; }
}

/// <summary>A violated rule.</summary>
/// <param name="Seed">Replays it.</param>
/// <param name="Finding">When, which rule, what.</param>
/// <param name="LastLines">The history just before.</param>
public sealed record Violation(ulong Seed, Finding Finding, IReadOnlyList<string> LastLines)
{
    /// <inheritdoc/>
    public override string ToString() => $"seed {Seed}, {Finding}";
}

/// <summary>The results of many runs, summed up.</summary>
public sealed record SimulationTotals
{
    public int Seeds { get; init; }
    public int Failed { get; init; }
    public TimeSpan VirtualTime { get; init; }
    public long Commits { get; init; }

    /// <summary>These totals with one more result.</summary>
    public SimulationTotals With(SimulationResult result) =>
        this with
        {
            Seeds = Seeds + 1,
            Failed = Failed + (result.Passed ? 0 : 1),
            VirtualTime = VirtualTime + result.VirtualTime,
            Commits = Commits + result.Commits,
        };
}
