using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Framework;

/// <summary>Scores the feasible nodes of a pod (upstream: PreScore, Score and NormalizeScore).</summary>
internal interface IScorePlugin : IPlugin
{
    /// <summary>
    /// The score for this pod; null when the plugin does not score it (upstream: Skip). Like a filter, it also serves other pods with the
    /// same signature.
    /// </summary>
    INodeScore? For(PodInfo pod, ClusterState cluster);
}

/// <summary>The score of nodes for pods of one signature.</summary>
internal interface INodeScore
{
    Reach Reach => Reach.Node;

    /// <summary>
    /// Whether <see cref="Normalize"/> changes scores. Otherwise scores of <see cref="Reach.Node"/> are added up once and kept.
    /// </summary>
    bool Normalizes { get; }

    /// <summary>Called with the feasible nodes before scores are asked for, for scores of <see cref="Reach.Cluster"/>.</summary>
    void Prepare(ReadOnlySpan<int> feasible) { }

    /// <summary>
    /// The score of a node: from 0 to <see cref="Score.Max"/>, or any number that <see cref="Normalize"/> maps to that range.
    /// </summary>
    long Of(int node);

    /// <summary>Maps the scores of all feasible nodes to the range from 0 to <see cref="Score.Max"/>.</summary>
    void Normalize(ReadOnlySpan<int> nodes, Span<long> scores) { }
}

/// <summary>The range of scores.</summary>
internal static class Score
{
    public const long Max = 100;

    /// <summary>
    /// Scales scores so that the highest becomes <see cref="Max"/>. Reversed, the highest becomes 0, and 0 becomes <see cref="Max"/>.
    /// </summary>
    public static void Normalize(Span<long> scores, bool reverse = false)
    {
        long highest = 0;
        foreach (var score in scores)
        {
            highest = Math.Max(highest, score);
        }
        if (highest == 0)
        {
            scores.Fill(reverse ? Max : 0);
            return;
        }
        foreach (ref var score in scores)
        {
            var scaled = Max * score / highest;
            score = reverse ? Max - scaled : scaled;
        }
    }
}
