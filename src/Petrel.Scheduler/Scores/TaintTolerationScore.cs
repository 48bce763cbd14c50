using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>Prefers nodes with few PreferNoSchedule taints that the pod doesn't tolerate.</summary>
internal sealed class TaintTolerationScore : IScorePlugin
{
    public string Name => "TaintToleration";

    public int Weight => 3;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            scores[i] = 0;
            foreach (var taint in nodes[i].Taints)
            {
                if (taint.Effect == Tolerations.PreferNoSchedule && !Tolerations.Tolerate(pod.Pod.Spec.Tolerations, taint))
                {
                    scores[i]++;
                }
            }
        }
        Score.Normalize(scores, reverse: true);
        return true;
    }
}
