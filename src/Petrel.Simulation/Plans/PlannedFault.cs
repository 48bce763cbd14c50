using Petrel.Simulation.Faults;
using Petrel.Simulation.Network;

namespace Petrel.Simulation.Plans;

/// <summary>Something that breaks at a time, for a while. What a kind does not use stays null.</summary>
public sealed record PlannedFault
{
    public required TimeSpan At { get; init; }

    public required FaultKind Kind { get; init; }

    /// <summary>The process or node: <c>server</c>, <c>controllers</c>, <c>scheduler</c>, <c>node1</c>; empty for all.</summary>
    public string Target { get; init; } = "";

    /// <summary>How long it lasts; never beyond the end of all faults.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The process dies at its so-many-th step after <see cref="At"/>.</summary>
    public int? Steps { get; init; }

    /// <summary>Which way messages do not pass.</summary>
    public LinkDirection? Direction { get; init; }

    /// <summary>How messages travel meanwhile.</summary>
    public LinkConditions? Link { get; init; }

    /// <summary>How far the wall clock jumps.</summary>
    public TimeSpan? Offset { get; init; }

    /// <summary>How fast the wall clock runs: 1 is right.</summary>
    public double? Rate { get; init; }

    /// <summary>How likely each commit, or each pull, is to be hit.</summary>
    public double? Probability { get; init; }

    /// <summary>How much longer each commit, or each start of a container, takes.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Which of the node's containers it hits: this one of those that run, counted round.</summary>
    public int? Choice { get; init; }

    /// <summary>With which code a container exits.</summary>
    public int? ExitCode { get; init; }

    public TimeSpan End => At + Duration;
}
