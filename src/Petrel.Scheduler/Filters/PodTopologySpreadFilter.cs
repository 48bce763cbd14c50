using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Topology spread constraints with <c>DoNotSchedule</c>: no domain may get further than maxSkew ahead of the emptiest.</summary>
internal sealed class PodTopologySpreadFilter : IFilterPlugin
{
    public string Name => "PodTopologySpread";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded | ClusterEvents.NodeDeleted | ClusterEvents.NodeLabels | ClusterEvents.NodeTaints
        | ClusterEvents.PodAdded | ClusterEvents.PodDeleted;

    public INodeFilter? For(PodInfo pod, ClusterState cluster)
    {
        var constraints = SpreadConstraint.Of(pod, SpreadConstraint.DoNotSchedule);
        return constraints.Length == 0 ? null : new Filter([.. constraints.Select(c => new Domains(c, constraints, pod, cluster))]);
    }

    private sealed class Filter(Domains[] constraints) : INodeFilter
    {
        public bool Passes(NodeInfo node, List<string> reasons)
        {
            foreach (var domains in constraints)
            {
                if (!node.Labels.TryGetValue(domains.Constraint.TopologyKey, out var domain))
                {
                    reasons.Add("node(s) didn't match pod topology spread constraints (missing required label)");
                    return false;
                }
                if (domains.SkewWith(domain) > domains.Constraint.MaxSkew)
                {
                    reasons.Add("node(s) didn't match pod topology spread constraints");
                    return false;
                }
            }
            return true;
        }
    }

    /// <summary>How many matching pods each domain of a constraint has.</summary>
    private sealed class Domains
    {
        private readonly Dictionary<string, int> _matching = new(StringComparer.Ordinal);
        private readonly int _self;
        private readonly int _fewest;

        public Domains(SpreadConstraint constraint, SpreadConstraint[] all, PodInfo pod, ClusterState cluster)
        {
            Constraint = constraint;
            _self = constraint.Counts(pod) ? 1 : 0;
            foreach (var node in cluster.Nodes)
            {
                if (Array.TrueForAll(all, c => node.Labels.ContainsKey(c.TopologyKey)) && constraint.Includes(node, pod))
                {
                    var domain = node.Labels[constraint.TopologyKey];
                    _matching[domain] = _matching.GetValueOrDefault(domain) + constraint.CountOn(node);
                }
            }
            // Too few domains count as if an empty one existed.
            _fewest = _matching.Count == 0 || _matching.Count < constraint.MinDomains ? 0 : _matching.Values.Min();
        }

        public SpreadConstraint Constraint { get; }

        public int SkewWith(string domain) => _matching.GetValueOrDefault(domain) + _self - _fewest;
    }
}
