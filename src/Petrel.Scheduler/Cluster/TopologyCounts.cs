namespace Petrel.Scheduler.Cluster;

/// <summary>A number for each domain of some topologies: a count of pods or a sum of weights.</summary>
internal sealed class TopologyCounts(ClusterState cluster)
{
    private readonly List<(TopologyColumn Column, long[] Counts)> _topologies = [];

    /// <summary>The sum over all domains.</summary>
    public long Total { get; private set; }

    public bool IsEmpty => _topologies.Count == 0;

    /// <summary>Adds to the domain of the node. Does nothing when the node has no label of the topology.</summary>
    public void Add(string topologyKey, int node, long amount)
    {
        var column = cluster.Topology(topologyKey);
        if (column.Domains[node] is >= 0 and var domain)
        {
            Of(column)[domain] += amount;
            Total += amount;
        }
    }

    /// <summary>Whether the domain of the node has a number above 0.</summary>
    public bool Has(TopologyColumn column, int node)
    {
        var domain = column.Domains[node];
        if (domain < 0)
        {
            return false;
        }
        foreach (var (known, counts) in _topologies)
        {
            if (known == column)
            {
                return counts[domain] > 0;
            }
        }
        return false;
    }

    /// <summary>Whether any domain of the node, of whatever topology, has a number above 0.</summary>
    public bool HasAny(int node)
    {
        foreach (var (column, counts) in _topologies)
        {
            if (column.Domains[node] is >= 0 and var domain && counts[domain] > 0)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The sum of the numbers of all domains of the node.</summary>
    public long Sum(int node)
    {
        long sum = 0;
        foreach (var (column, counts) in _topologies)
        {
            if (column.Domains[node] is >= 0 and var domain)
            {
                sum += counts[domain];
            }
        }
        return sum;
    }

    private long[] Of(TopologyColumn column)
    {
        foreach (var (known, counts) in _topologies)
        {
            if (known == column)
            {
                return counts;
            }
        }
        var fresh = new long[column.DomainLimit];
        _topologies.Add((column, fresh));
        return fresh;
    }
}
