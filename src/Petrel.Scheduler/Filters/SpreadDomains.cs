using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// The number of matching pods in each domain of a hard spread constraint, and the smallest of these numbers. A pod that comes or goes
/// changes them in constant time.
/// </summary>
internal sealed class SpreadDomains
{
    private const int Absent = -1;

    private readonly SpreadConstraint _constraint;
    private readonly bool[] _included;
    private readonly int[] _matching;
    private readonly List<int> _domainsByCount = [];
    private readonly int _self;
    private int _domains;
    private int _minimum = int.MaxValue;

    public SpreadDomains(SpreadConstraint constraint, PodInfo pod, ClusterState cluster)
    {
        _constraint = constraint;
        Column = cluster.Topology(constraint.TopologyKey);
        _included = new bool[cluster.Capacity];
        _matching = new int[Column.DomainLimit];
        Array.Fill(_matching, Absent);
        _self = constraint.Counts(pod) ? 1 : 0;
    }

    public TopologyColumn Column { get; }

    public bool HonorsTaints => _constraint.HonorsTaints;

    public int MaxSkew => _constraint.MaxSkew;

    /// <summary>Counts the node's pods, when the constraint's inclusion policies admit the node.</summary>
    public void Include(NodeInfo node, PodInfo pod)
    {
        if (!_constraint.Includes(node, pod))
        {
            return;
        }
        _included[node.Slot] = true;
        var domain = Column.Domains[node.Slot];
        if (_matching[domain] == Absent)
        {
            _matching[domain] = 0;
            _domains++;
            _minimum = 0;
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

    /// <summary>The skew of the domain with the pod in it.</summary>
    public int SkewWith(int domain)
    {
        // Fewer domains than minDomains count as if an empty domain existed.
        var minimum = _domains == 0 || _domains < _constraint.MinDomains ? 0 : _minimum;
        return Math.Max(_matching[domain], 0) + _self - minimum;
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
        _minimum = Math.Min(_minimum, _matching[domain]);
        while (_domainsByCount[_minimum] == 0)
        {
            _minimum++;
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
