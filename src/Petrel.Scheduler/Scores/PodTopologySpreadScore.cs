using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers the domains with the fewest matching pods, by the pod's ScheduleAnyway constraints. A pod without constraints is spread with
/// the pods of its Services and its controller, by the default constraints.
/// </summary>
internal sealed class PodTopologySpreadScore(PodTopologySpreadArgs args) : IScorePlugin
{
    public string Name => "PodTopologySpread";

    public ObjectKinds Needs(PodInfo pod) => SpreadConstraint.HasOwn(pod) ? ObjectKinds.None : ObjectKinds.Services;

    public INodeScore? For(PodInfo pod, ClusterState cluster)
    {
        var constraints = SpreadConstraint.Of(pod, SpreadConstraint.ScheduleAnyway, args, cluster);
        // With the system's default constraints, a node without a zone is still scored by its hostname.
        var requiresAllLabels = SpreadConstraint.HasOwn(pod) || args.Defaulting == DefaultSpread.List;
        return constraints.Length == 0 ? null : new NodeScore(constraints, requiresAllLabels, pod, cluster);
    }

    private sealed class NodeScore : INodeScore, IPodObserver
    {
        private const long Ignored = -1;

        private readonly TopologyDomains[] _constraints;
        private readonly bool _requiresAllLabels;

        public NodeScore(SpreadConstraint[] constraints, bool requiresAllLabels, PodInfo pod, ClusterState cluster)
        {
            _constraints = [.. constraints.Select(c => new TopologyDomains(c, cluster))];
            _requiresAllLabels = requiresAllLabels;
            foreach (var node in cluster.Order)
            {
                if (IsScored(node))
                {
                    foreach (var constraint in _constraints)
                    {
                        constraint.Include(cluster.At(node), pod);
                    }
                }
            }
        }

        public Reach Reach => Reach.Cluster;

        public bool DependsOnTaints => Array.Exists(_constraints, c => c.HonorsTaints);

        public bool Normalizes => true;

        public void Prepare(ReadOnlySpan<int> feasible)
        {
            foreach (var constraint in _constraints)
            {
                constraint.BeginWeights();
            }
            foreach (var node in feasible)
            {
                if (IsScored(node))
                {
                    foreach (var constraint in _constraints)
                    {
                        constraint.AddToWeight(node);
                    }
                }
            }
            foreach (var constraint in _constraints)
            {
                constraint.EndWeights();
            }
        }

        public long Of(int node)
        {
            if (!IsScored(node))
            {
                return Ignored;
            }
            var count = 0.0;
            foreach (var constraint in _constraints)
            {
                count += constraint.ScoreAt(node);
            }
            return (long)Math.Round(count, MidpointRounding.AwayFromZero);
        }

        public void Normalize(ReadOnlySpan<int> nodes, Span<long> scores)
        {
            var (lowest, highest) = (long.MaxValue, 0L);
            foreach (var score in scores)
            {
                if (score != Ignored)
                {
                    (lowest, highest) = (Math.Min(lowest, score), Math.Max(highest, score));
                }
            }
            foreach (ref var score in scores)
            {
                score =
                    score == Ignored ? 0
                    : highest == 0 ? Score.Max
                    : Score.Max * (highest + lowest - score) / highest;
            }
        }

        public void Add(PodInfo pod, int node) => Count(pod, node, 1);

        public void Remove(PodInfo pod, int node) => Count(pod, node, -1);

        private void Count(PodInfo pod, int node, int sign)
        {
            foreach (var constraint in _constraints)
            {
                constraint.Count(pod, node, sign);
            }
        }

        private bool IsScored(int node)
        {
            if (_requiresAllLabels)
            {
                foreach (var constraint in _constraints)
                {
                    if (constraint.Column.Domains[node] < 0)
                    {
                        return false;
                    }
                }
            }
            return true;
        }
    }

    /// <summary>The number of matching pods in each domain of a soft spread constraint, and the weight of the constraint.</summary>
    private sealed class TopologyDomains
    {
        private readonly SpreadConstraint _constraint;
        private readonly bool[] _included;

        // By domain, or by the node's slot for the hostname. In _seen the last entry is for nodes without the label.
        private readonly int[] _counts;
        private readonly long[] _seen;
        private long _pass;
        private int _domains;
        private double _weight;

        public TopologyDomains(SpreadConstraint constraint, ClusterState cluster)
        {
            _constraint = constraint;
            Column = cluster.Topology(constraint.TopologyKey);
            _included = new bool[cluster.Capacity];
            _counts = new int[constraint.IsPerNode ? cluster.Capacity : Column.DomainLimit];
            _seen = new long[constraint.IsPerNode ? 0 : Column.DomainLimit + 1];
        }

        public TopologyColumn Column { get; }

        public bool HonorsTaints => _constraint.HonorsTaints;

        public void Include(NodeInfo node, PodInfo pod)
        {
            // For the hostname the inclusion policies do not apply, as upstream.
            if ((_constraint.IsPerNode || _constraint.Includes(node, pod)) && IndexOf(node.Slot) is >= 0 and var index)
            {
                _included[node.Slot] = true;
                _counts[index] += _constraint.CountOn(node);
            }
        }

        public void Count(PodInfo pod, int node, int sign)
        {
            if (_included[node] && !pod.IsTerminating && _constraint.Counts(pod))
            {
                _counts[IndexOf(node)] += sign;
            }
        }

        public void BeginWeights() => (_pass, _domains) = (_pass + 1, 0);

        public void AddToWeight(int node)
        {
            if (_constraint.IsPerNode)
            {
                _domains++;
                return;
            }
            var domain = Column.Domains[node];
            ref var seen = ref _seen[domain < 0 ? _seen.Length - 1 : domain];
            if (seen != _pass)
            {
                seen = _pass;
                _domains++;
            }
        }

        // Topologies with few domains weigh less per pod than those with many (upstream: topologyNormalizingWeight).
        public void EndWeights() => _weight = Math.Log(_domains + 2);

        public double ScoreAt(int node) => Column.Domains[node] < 0 ? 0 : _counts[IndexOf(node)] * _weight + (_constraint.MaxSkew - 1);

        private int IndexOf(int node) => _constraint.IsPerNode ? node : Column.Domains[node];
    }
}
