using Petrel.Model;

namespace Petrel.Scheduler.Decisions;

/// <summary>What came of an attempt to schedule a pod.</summary>
internal enum DecisionResult
{
    /// <summary>It has a node.</summary>
    Scheduled,

    /// <summary>It fits nowhere.</summary>
    Unschedulable,

    /// <summary>It waits for the place of pods that end for its sake.</summary>
    Preempting,

    /// <summary>It waits for the other pods of its gang.</summary>
    WaitingForGang,

    /// <summary>It had a node, and could not be bound to it.</summary>
    NotBound,
}

/// <summary>One attempt to schedule a pod, and all that led to its result. Immutable.</summary>
internal sealed record Decision
{
    /// <summary>Which attempt of this pod it was, from 1.</summary>
    public int Attempt { get; init; }

    public DateTimeOffset Time { get; init; }
    public string Profile { get; init; } = "";
    public DecisionResult Result { get; init; }

    /// <summary>The node that it got, or that it waits for; empty for none.</summary>
    public string Node { get; init; } = "";

    /// <summary>What the event about it says.</summary>
    public string Message { get; init; } = "";

    /// <summary>How many nodes there were.</summary>
    public int Nodes { get; init; }

    /// <summary>How many of those that were looked at could take it.</summary>
    public int Feasible { get; init; }

    /// <summary>Why the others could not, the most frequent reason first.</summary>
    public IReadOnlyList<Refusal> Refusals { get; init; } = [];

    /// <summary>How good the best ones are, the best first.</summary>
    public IReadOnlyList<NodeScores> Scores { get; init; } = [];

    public PreemptionRecord? Preemption { get; init; }

    public GangRecord? Gang { get; init; }

    /// <summary>What may make it schedulable.</summary>
    public IReadOnlyList<string> WaitsFor { get; init; } = [];
}

/// <summary>Nodes that a plugin refused for the same reasons.</summary>
/// <param name="Plugin">Who refused.</param>
/// <param name="Reasons">In upstream's words.</param>
/// <param name="PreemptionMayHelp">Whether the node may take the pod when others leave it.</param>
/// <param name="Count">How many nodes; 0 when no node was looked at.</param>
/// <param name="Nodes">The first ones by name.</param>
internal sealed record Refusal(
    string Plugin,
    IReadOnlyList<string> Reasons,
    bool PreemptionMayHelp,
    int Count,
    IReadOnlyList<string> Nodes
);

/// <summary>What the plugins give a node.</summary>
internal sealed record NodeScores(string Node, long Total, IReadOnlyList<PluginScore> Plugins);

/// <summary>A plugin's score of a node: as it came, brought between 0 and 100, and what it counts for.</summary>
internal readonly record struct PluginScore(string Plugin, long Raw, long Score, int Weight)
{
    public long Weighted => Score * Weight;
}

/// <summary>Whom a pod displaces.</summary>
internal sealed record PreemptionRecord(string Node, int Violations, IReadOnlyList<VictimRecord> Victims);

/// <summary>A pod that must go.</summary>
internal readonly record struct VictimRecord(ObjectKey Pod, string Uid, int Priority);

/// <summary>How the gang of a pod was.</summary>
/// <param name="Name">The PodGroup.</param>
/// <param name="MinMember">How many pods must have a place for any to be bound.</param>
/// <param name="Members">How many there were.</param>
/// <param name="Placed">How many had a place, bound or not.</param>
internal sealed record GangRecord(string Name, int MinMember, int Members, int Placed);
