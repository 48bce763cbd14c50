using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// Records what led to each decision, for <c>petrel explain pod</c>. The scheduling loop calls it in the order Begin, Refused, Counted,
/// Scored, End, once for each attempt, so it must be fast. Without a recorder, nothing is computed only for it.
/// </summary>
internal interface IDecisionRecorder
{
    void Begin(PodInfo pod, string profile);

    /// <summary>A plugin refused the pod before any node was examined.</summary>
    void RefusedEverywhere(IPlugin plugin, Status status);

    /// <summary>A plugin refused a node.</summary>
    void Refused(NodeInfo node, IPlugin plugin, Status status);

    /// <summary>The number of nodes in the cluster, and of feasible nodes among those examined.</summary>
    void Counted(int nodes, int feasible);

    /// <summary>The number of nodes, best first, whose scores are reported.</summary>
    int ScoredNodes { get; }

    /// <summary>The score of a plugin for one of the best nodes: raw, normalized to 0 to 100, and its weight.</summary>
    void Scored(NodeInfo node, IPlugin plugin, long raw, long score, int weight);

    /// <summary>Ends the attempt and returns what was recorded.</summary>
    Decision End(Placement placement);

    /// <summary>The decision about another pod is the same for this pod.</summary>
    void Repeat(PodInfo pod, Decision recorded);
}
