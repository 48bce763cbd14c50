using Petrel.Model;

namespace Petrel.Scheduler.Decisions;

/// <summary>The result of an attempt to schedule a pod.</summary>
internal enum DecisionResult
{
    /// <summary>The pod has a node.</summary>
    Scheduled,

    /// <summary>No node is feasible.</summary>
    Unschedulable,

    /// <summary>The pod waits for the termination of the pods that it preempts.</summary>
    Preempting,

    /// <summary>The pod waits for the other pods of its gang.</summary>
    WaitingForGang,

    /// <summary>The pod had a node, but the binding failed.</summary>
    NotBound,
}

/// <summary>One attempt to schedule a pod, with all that led to its result. Immutable.</summary>
internal sealed record Decision
{
    /// <summary>The number of the attempt for this pod, from 1.</summary>
    public int Attempt { get; init; }

    public DateTimeOffset Time { get; init; }
    public string Profile { get; init; } = "";
    public DecisionResult Result { get; init; }

    /// <summary>The node of the pod, or the nominated node; empty for none.</summary>
    public string Node { get; init; } = "";

    /// <summary>The message of the event.</summary>
    public string Message { get; init; } = "";

    /// <summary>The number of nodes in the cluster.</summary>
    public int Nodes { get; init; }

    /// <summary>The number of feasible nodes among those examined.</summary>
    public int Feasible { get; init; }

    /// <summary>Why the other nodes were refused, the most frequent reason first.</summary>
    public IReadOnlyList<RefusalRecord> Refusals { get; init; } = [];

    /// <summary>The scores of the best nodes, best first.</summary>
    public IReadOnlyList<NodeScores> Scores { get; init; } = [];

    public PreemptionRecord? Preemption { get; init; }

    public GangRecord? Gang { get; init; }

    /// <summary>What may make the pod schedulable.</summary>
    public IReadOnlyList<string> WaitsFor { get; init; } = [];
}

/// <summary>Nodes that a plugin refused for the same reasons.</summary>
/// <param name="Plugin">The plugin.</param>
/// <param name="Reasons">The reasons, in upstream's words.</param>
/// <param name="PreemptionMayHelp">Whether the node may take the pod when other pods leave it.</param>
/// <param name="Count">The number of nodes; 0 when no node was examined.</param>
/// <param name="Nodes">The first of the nodes by name.</param>
internal sealed record RefusalRecord(
    string Plugin,
    IReadOnlyList<string> Reasons,
    bool PreemptionMayHelp,
    int Count,
    IReadOnlyList<string> Nodes
);

/// <summary>The scores of a node by plugin.</summary>
internal sealed record NodeScores(string Node, long Total, IReadOnlyList<PluginScore> Plugins);

/// <summary>A plugin's score of a node: raw, normalized to 0 to 100, and the weight.</summary>
internal readonly record struct PluginScore(string Plugin, long Raw, long Score, int Weight)
{
    public long Weighted => Score * Weight;
}

/// <summary>The pods that are preempted.</summary>
internal sealed record PreemptionRecord(string Node, int Violations, IReadOnlyList<VictimRecord> Victims);

/// <summary>A pod that is preempted.</summary>
internal readonly record struct VictimRecord(ObjectKey Pod, string Uid, int Priority);

/// <summary>The gang of a pod at the time of the attempt.</summary>
/// <param name="Name">The PodGroup.</param>
/// <param name="MinMember">The number of pods that must have a place before any is bound.</param>
/// <param name="Members">The number of pods that exist.</param>
/// <param name="Placed">The number of pods with a place, bound or not.</param>
internal sealed record GangRecord(string Name, int MinMember, int Members, int Placed);
