using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>Prefers nodes by the weights of the preferred node affinity terms that they match.</summary>
internal sealed class NodeAffinityScore : IScorePlugin
{
    public string Name => "NodeAffinity";

    public int Weight => 2;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        if (pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution is not { Count: > 0 } preferred)
        {
            return false;
        }
        scores.Clear();
        foreach (var choice in preferred)
        {
            var term = new NodeTerm(choice.Preference);
            for (var i = 0; i < nodes.Count; i++)
            {
                scores[i] += term.Matches(nodes[i]) ? choice.Weight : 0;
            }
        }
        Score.Normalize(scores);
        return true;
    }
}
