namespace Petrel.Scheduler.Cluster;

/// <summary>
/// One label key on every node, by slot. Each value (a domain of the topology) has a small number; nodes without the label have -1. The
/// number of a domain without nodes is used again.
/// </summary>
internal sealed class TopologyColumn(string key, int slots)
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<int> _nodes = [];
    private readonly List<string> _values = [];
    private readonly Stack<int> _free = new();
    private int[] _domains = NewDomains(slots);

    public string Key { get; } = key;

    public int[] Domains => _domains;

    /// <summary>All domain numbers are below this number.</summary>
    public int DomainLimit => _nodes.Count;

    /// <summary>The value of the label that a domain number stands for.</summary>
    public string Value(int domain) => _values[domain];

    public void Set(int slot, string? value)
    {
        var old = _domains[slot];
        if (old >= 0 && value == _values[old])
        {
            return;
        }
        if (old >= 0 && --_nodes[old] == 0)
        {
            _numbers.Remove(_values[old]);
            _free.Push(old);
        }
        _domains[slot] = value is null ? -1 : NumberOf(value);
    }

    public void Grow(int slots)
    {
        var had = _domains.Length;
        Array.Resize(ref _domains, slots);
        Array.Fill(_domains, -1, had, slots - had);
    }

    private int NumberOf(string value)
    {
        if (!_numbers.TryGetValue(value, out var number))
        {
            if (_free.TryPop(out number))
            {
                _values[number] = value;
            }
            else
            {
                number = _nodes.Count;
                _nodes.Add(0);
                _values.Add(value);
            }
            _numbers[value] = number;
        }
        _nodes[number]++;
        return number;
    }

    private static int[] NewDomains(int slots)
    {
        var domains = new int[slots];
        Array.Fill(domains, -1);
        return domains;
    }
}
