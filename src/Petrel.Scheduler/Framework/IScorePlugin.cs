using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Framework;

/// <summary>One view on how good each feasible node is for a pod (upstream: PreScore, Score and NormalizeScore).</summary>
internal interface IScorePlugin : IPlugin
{
    /// <summary>
    /// The view for this pod; null when the plugin has nothing to say about it (upstream: Skip). As with filters, it also serves other pods
    /// of the same signature.
    /// </summary>
    INodeScore? For(PodInfo pod, ClusterState cluster);
}

/// <summary>How good nodes are for pods of one signature.</summary>
internal interface INodeScore
{
    Reach Reach => Reach.Node;

    /// <summary>
    /// Whether <see cref="Normalize"/> does anything; without it scores of <see cref="Reach.Node"/> are summed up once and kept.
    /// </summary>
    bool Normalizes { get; }

    /// <summary>Called before a pod's scores are asked for, with the nodes that are feasible, when it reaches over the cluster.</summary>
    void Prepare(ReadOnlySpan<int> feasible) { }

    /// <summary>The node's score: from 0 to <see cref="Score.Max"/>, or anything that <see cref="Normalize"/> brings there.</summary>
    long Of(int node);

    /// <summary>Brings the scores of all feasible nodes between 0 and <see cref="Score.Max"/>.</summary>
    void Normalize(ReadOnlySpan<int> nodes, Span<long> scores) { }
}

/// <summary>What scores have in common.</summary>
internal static class Score
{
    public const long Max = 100;

    /// <summary>
    /// Scales so that the highest becomes <see cref="Max"/>, or, reversed, the highest becomes 0 and 0 becomes the highest.
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
