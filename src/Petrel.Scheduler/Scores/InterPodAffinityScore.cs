using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Preferred pod affinity and anti-affinity: the pod's own towards those that are there, and theirs towards it (of which required
/// affinity counts as a preference of weight 1).
/// </summary>
internal sealed class InterPodAffinityScore : IScorePlugin
{
    private const int RequiredAffinityWeight = 1;

    public string Name => "InterPodAffinity";

    public int Weight => 2;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var own = pod.PreferredAffinity.Length + pod.PreferredAntiAffinity.Length > 0;
        if (!own && !cluster.AnyPodAffinity)
        {
            return false;
        }
        var weights = new Dictionary<(string Key, string Value), long>();
        foreach (var node in cluster.Nodes)
        {
            foreach (var other in own ? node.Pods : node.PodsWithAffinity)
            {
                Add(pod.PreferredAffinity, other, 1);
                Add(pod.PreferredAntiAffinity, other, -1);
                Add(other.PreferredAffinity, pod, 1);
                Add(other.PreferredAntiAffinity, pod, -1);
                Add(other.RequiredAffinity, pod, 1);
            }

            void Add(PodAffinityTerm[] terms, PodInfo subject, int sign)
            {
                foreach (var term in terms)
                {
                    if (node.Labels.TryGetValue(term.TopologyKey, out var value) && term.Selects(subject, cluster))
                    {
                        var weight = term.Weight == 0 ? RequiredAffinityWeight : term.Weight;
                        weights[(term.TopologyKey, value)] = weights.GetValueOrDefault((term.TopologyKey, value)) + sign * weight;
                    }
                }
            }
        }
        if (weights.Count == 0)
        {
            return false;
        }
        Fill(nodes, scores, weights);
        return true;
    }

    private static void Fill(IReadOnlyList<NodeInfo> nodes, Span<long> scores, Dictionary<(string Key, string Value), long> weights)
    {
        var (lowest, highest) = (0L, 0L);
        for (var i = 0; i < nodes.Count; i++)
        {
            scores[i] = 0;
            foreach (var ((key, value), weight) in weights)
            {
                if (nodes[i].Labels.TryGetValue(key, out var actual) && actual == value)
                {
                    scores[i] += weight;
                }
            }
            (lowest, highest) = (Math.Min(lowest, scores[i]), Math.Max(highest, scores[i]));
        }
        foreach (ref var score in scores)
        {
            score = highest > lowest ? (long)(Score.Max * ((double)(score - lowest) / (highest - lowest))) : 0;
        }
    }
}
