using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers the domains with the fewest pods to be spread: by the pod's ScheduleAnyway constraints, or else by the defaults for the pods of
/// its Services and controller.
/// </summary>
internal sealed class PodTopologySpreadScore(PodTopologySpreadArgs args) : IScorePlugin
{
    public string Name => "PodTopologySpread";

    public ObjectKinds Needs(PodInfo pod) => SpreadConstraint.HasOwn(pod) ? ObjectKinds.None : ObjectKinds.Services;

    public INodeScore? For(PodInfo pod, ClusterState cluster)
    {
        var constraints = SpreadConstraint.Of(pod, SpreadConstraint.ScheduleAnyway, args, cluster);
        // By the system's defaults, a node without a zone still counts as a node.
        var needsAll = SpreadConstraint.HasOwn(pod) || args.Defaulting == DefaultSpread.List;
        return constraints.Length == 0 ? null : new NodeScore(constraints, needsAll, pod, cluster);
    }

    private sealed class NodeScore : INodeScore, IFollowsPods
    {
        private const long Ignored = -1;

        private readonly Crowds[] _constraints;
        private readonly bool _needsAll;

        public NodeScore(SpreadConstraint[] constraints, bool needsAll, PodInfo pod, ClusterState cluster)
        {
            _constraints = [.. constraints.Select(c => new Crowds(c, cluster))];
            _needsAll = needsAll;
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
                constraint.BeginWeighing();
            }
            foreach (var node in feasible)
            {
                if (IsScored(node))
                {
                    foreach (var constraint in _constraints)
                    {
                        constraint.Weigh(node);
                    }
                }
            }
            foreach (var constraint in _constraints)
            {
                constraint.EndWeighing();
            }
        }

        public long Of(int node)
        {
            if (!IsScored(node))
            {
                return Ignored;
            }
            var crowd = 0.0;
            foreach (var constraint in _constraints)
            {
                crowd += constraint.CrowdAt(node);
            }
            return (long)Math.Round(crowd, MidpointRounding.AwayFromZero);
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
            if (_needsAll)
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

    /// <summary>How crowded each domain of a constraint is.</summary>
    private sealed class Crowds
    {
        private readonly SpreadConstraint _constraint;
        private readonly bool[] _included;

        // By domain, or by node's slot; the domain of nodes without the label is the last.
        private readonly int[] _counts;
        private readonly long[] _seen;
        private long _round;
        private int _size;
        private double _weight;

        public Crowds(SpreadConstraint constraint, ClusterState cluster)
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
            // Of single nodes everything counts, whatever the policies say, as upstream.
            if ((_constraint.IsPerNode || _constraint.Includes(node, pod)) && Place(node.Slot) is >= 0 and var place)
            {
                _included[node.Slot] = true;
                _counts[place] += _constraint.CountOn(node);
            }
        }

        public void Count(PodInfo pod, int node, int sign)
        {
            if (_included[node] && !pod.IsTerminating && _constraint.Counts(pod))
            {
                _counts[Place(node)] += sign;
            }
        }

        public void BeginWeighing() => (_round, _size) = (_round + 1, 0);

        public void Weigh(int node)
        {
            if (_constraint.IsPerNode)
            {
                _size++;
                return;
            }
            var domain = Column.Domains[node];
            ref var seen = ref _seen[domain < 0 ? _seen.Length - 1 : domain];
            if (seen != _round)
            {
                seen = _round;
                _size++;
            }
        }

        // A topology with few domains must not drown in one with many.
        public void EndWeighing() => _weight = Math.Log(_size + 2);

        public double CrowdAt(int node) => Column.Domains[node] < 0 ? 0 : _counts[Place(node)] * _weight + (_constraint.MaxSkew - 1);

        private int Place(int node) => _constraint.IsPerNode ? node : Column.Domains[node];
    }
}
