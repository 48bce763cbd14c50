namespace Petrel.Scheduler.Cluster;

/// <summary>A number for each domain of some topologies: how many pods there are of a kind, or how welcome.</summary>
internal sealed class TopologyCounts(ClusterState cluster)
{
    private readonly List<(TopologyColumn Column, long[] Counts)> _topologies = [];

    /// <summary>Of all domains together.</summary>
    public long Total { get; private set; }

    public bool IsEmpty => _topologies.Count == 0;

    /// <summary>Adds to the domain that a node is in; does nothing when it is in none.</summary>
    public void Add(string topologyKey, int node, long amount)
    {
        var column = cluster.Topology(topologyKey);
        if (column.Domains[node] is >= 0 and var domain)
        {
            Of(column)[domain] += amount;
            Total += amount;
        }
    }

    /// <summary>Whether a node is in a domain of this topology with a number above 0.</summary>
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

    /// <summary>Whether a node is in any domain with a number above 0.</summary>
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

    /// <summary>The numbers of all domains that a node is in.</summary>
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
