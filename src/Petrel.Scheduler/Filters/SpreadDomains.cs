using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// How many matching pods each domain of a hard spread constraint has, and which has the fewest, kept current in constant time for each
/// pod.
/// </summary>
internal sealed class SpreadDomains
{
    private const int NotThere = -1;

    private readonly SpreadConstraint _constraint;
    private readonly bool[] _included;
    private readonly int[] _matching;
    private readonly List<int> _domainsByCount = [];
    private readonly int _self;
    private int _domains;
    private int _fewest = int.MaxValue;

    public SpreadDomains(SpreadConstraint constraint, PodInfo pod, ClusterState cluster)
    {
        _constraint = constraint;
        Column = cluster.Topology(constraint.TopologyKey);
        _included = new bool[cluster.Capacity];
        _matching = new int[Column.DomainLimit];
        Array.Fill(_matching, NotThere);
        _self = constraint.Counts(pod) ? 1 : 0;
    }

    public TopologyColumn Column { get; }

    public bool HonorsTaints => _constraint.HonorsTaints;

    public int MaxSkew => _constraint.MaxSkew;

    /// <summary>A node's domain is one of the constraint's, and its pods count, when the constraint's policies say so.</summary>
    public void Include(NodeInfo node, PodInfo pod)
    {
        if (!_constraint.Includes(node, pod))
        {
            return;
        }
        _included[node.Slot] = true;
        var domain = Column.Domains[node.Slot];
        if (_matching[domain] == NotThere)
        {
            _matching[domain] = 0;
            _domains++;
            _fewest = 0;
            CountDomains(0, 1);
        }
        Move(domain, _constraint.CountOn(node));
    }

    public void Count(PodInfo pod, int node, int sign)
    {
        if (_included[node] && !pod.IsTerminating && _constraint.Counts(pod))
        {
            Move(Column.Domains[node], sign);
        }
    }

    /// <summary>How far the domain would be ahead of the emptiest with the pod in it.</summary>
    public int SkewWith(int domain)
    {
        // Too few domains count as if an empty one existed.
        var fewest = _domains == 0 || _domains < _constraint.MinDomains ? 0 : _fewest;
        return Math.Max(_matching[domain], 0) + _self - fewest;
    }

    private void Move(int domain, int by)
    {
        if (by == 0)
        {
            return;
        }
        CountDomains(_matching[domain], -1);
        _matching[domain] += by;
        CountDomains(_matching[domain], 1);
        _fewest = Math.Min(_fewest, _matching[domain]);
        while (_domainsByCount[_fewest] == 0)
        {
            _fewest++;
        }
    }

    private void CountDomains(int count, int by)
    {
        while (_domainsByCount.Count <= count)
        {
            _domainsByCount.Add(0);
        }
        _domainsByCount[count] += by;
    }
}
