using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>One view on how good each feasible node is for a pod.</summary>
internal interface IScorePlugin
{
    /// <summary>Upstream's name of the plugin.</summary>
    string Name { get; }

    /// <summary>What its score is multiplied by, as in upstream's default profile.</summary>
    int Weight { get; }

    /// <summary>
    /// Fills in the score of each node, from 0 to <see cref="Score.Max"/>. False when there is nothing to say about this pod: the
    /// plugin doesn't count then.
    /// </summary>
    bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores);
}

/// <summary>What scores have in common.</summary>
internal static class Score
{
    public const long Max = 100;

    /// <summary>Scales so that the highest becomes <see cref="Max"/>, or, reversed, the highest becomes 0 and 0 becomes the highest.</summary>
    public static void Normalize(Span<long> scores, bool reverse = false)
    {
        long highest = 0;
        foreach (var score in scores)
        {
            highest = Math.Max(highest, score);
        }
        foreach (ref var score in scores)
        {
            var scaled = highest == 0 ? 0 : Max * score / highest;
            score = reverse ? Max - scaled : scaled;
        }
    }
}
