using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// Is told everything that led to a decision: <c>petrel explain pod</c>. Called by the scheduling loop, in the order Begin, Refused,
/// Counted, Scored, End, once for each attempt; it must be quick. Without one, nothing is worked out that only it would see.
/// </summary>
internal interface IDecisionRecorder
{
    void Begin(PodInfo pod, string profile);

    /// <summary>A plugin refused the pod before any node was looked at.</summary>
    void RefusedEverywhere(IPlugin plugin, Verdict verdict);

    /// <summary>A plugin refused a node.</summary>
    void Refused(NodeInfo node, IPlugin plugin, Verdict verdict);

    /// <summary>How many nodes there are, and how many of those that were looked at can take the pod.</summary>
    void Counted(int nodes, int feasible);

    /// <summary>Of how many nodes, the best ones, the scores are wanted.</summary>
    int ScoredNodes { get; }

    /// <summary>
    /// A plugin's score of one of the best nodes, before and after it was brought between 0 and 100, and the weight it counts with.
    /// </summary>
    void Scored(NodeInfo node, IPlugin plugin, long raw, long score, int weight);

    /// <summary>Answers what was recorded.</summary>
    Decision End(Placement placement);

    /// <summary>What was recorded about another pod holds for this one just so.</summary>
    void Repeat(PodInfo pod, Decision recorded);
}
