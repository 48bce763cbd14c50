using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers the domains with the fewest pods to be spread: by the pod's ScheduleAnyway constraints, or else those of its
/// controller over nodes and zones.
/// </summary>
internal sealed class PodTopologySpreadScore : IScorePlugin
{
    public string Name => "PodTopologySpread";

    public int Weight => 2;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var own = pod.Pod.Spec.TopologySpreadConstraints is { Count: > 0 };
        var constraints = own ? SpreadConstraint.Of(pod, SpreadConstraint.ScheduleAnyway) : SpreadConstraint.Defaults(pod);
        if (constraints.Length == 0)
        {
            return false;
        }
        // By default constraints, a node without a zone still counts as a node.
        bool IsScored(NodeInfo node) => !own || Array.TrueForAll(constraints, c => node.Labels.ContainsKey(c.TopologyKey));

        var scored = nodes.Where(IsScored).ToArray();
        var domains = constraints.Select(c => new Domains(c, pod, cluster.Nodes.Where(IsScored), scored)).ToArray();
        var (lowest, highest) = (long.MaxValue, 0L);
        for (var i = 0; i < nodes.Count; i++)
        {
            scores[i] = -1;
            if (IsScored(nodes[i]))
            {
                scores[i] = (long)Math.Round(domains.Sum(d => d.CrowdAt(nodes[i])), MidpointRounding.AwayFromZero);
                (lowest, highest) = (Math.Min(lowest, scores[i]), Math.Max(highest, scores[i]));
            }
        }
        foreach (ref var score in scores)
        {
            score = score < 0 ? 0 : highest == 0 ? Score.Max : Score.Max * (highest + lowest - score) / highest;
        }
        return true;
    }

    /// <summary>How crowded each domain of a constraint is.</summary>
    private sealed class Domains
    {
        private readonly SpreadConstraint _constraint;
        private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
        private readonly double _weight;

        public Domains(SpreadConstraint constraint, PodInfo pod, IEnumerable<NodeInfo> all, NodeInfo[] scored)
        {
            _constraint = constraint;
            if (!constraint.IsPerNode)
            {
                foreach (var node in scored)
                {
                    _counts.TryAdd(DomainOf(node), 0);
                }
                foreach (var node in all)
                {
                    if (_counts.TryGetValue(DomainOf(node), out var count) && constraint.Includes(node, pod))
                    {
                        _counts[DomainOf(node)] = count + constraint.CountOn(node);
                    }
                }
            }
            // A topology with few domains must not drown in one with many.
            _weight = Math.Log((constraint.IsPerNode ? scored.Length : _counts.Count) + 2);
        }

        public double CrowdAt(NodeInfo node)
        {
            if (!node.Labels.TryGetValue(_constraint.TopologyKey, out var domain))
            {
                return 0;
            }
            var count = _constraint.IsPerNode ? _constraint.CountOn(node) : _counts[domain];
            return count * _weight + (_constraint.MaxSkew - 1);
        }

        private string DomainOf(NodeInfo node) => node.Labels.TryGetValue(_constraint.TopologyKey, out var value) ? value : "";
    }
}
