using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// Is told everything that led to a decision: <c>petrel explain pod</c>. Called by the scheduling loop, in the order Begin, Refused and Scored, End, once for each
/// attempt; it must be quick. Without one, nothing is worked out that only it would see.
/// </summary>
internal interface IDecisionRecorder
{
    void Begin(PodInfo pod, string profile);

    /// <summary>A plugin refused the pod before any node was looked at.</summary>
    void RefusedEverywhere(IPlugin plugin, Verdict verdict);

    /// <summary>A plugin refused a node.</summary>
    void Refused(NodeInfo node, IPlugin plugin, Verdict verdict);

    /// <summary>A plugin's normalized score of a feasible node, from 0 to 100, and the weight it counts with.</summary>
    void Scored(NodeInfo node, IPlugin plugin, long score, int weight);

    void End(Placement placement);
}
