using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Network;

/// <summary>The state of the network between the cluster's processes and the API server.</summary>
public sealed class SimulatedNetwork(History history)
{
    private readonly SortedSet<string> _partitioned = new(StringComparer.Ordinal);

    /// <summary>Requests that reached the server.</summary>
    public long Requests { get; private set; }

    public LinkConditions Conditions { get; private set; } = LinkConditions.Good;

    public bool IsPartitioned(string processName) => _partitioned.Contains(processName);

    internal void CountRequest() => Requests++;

    public void SetConditions(LinkConditions conditions)
    {
        Conditions = conditions;
        history.Append("network", conditions == LinkConditions.Good
            ? "good"
            : $"delay {conditions.MinDelay.TotalMilliseconds:0}..{conditions.MaxDelay.TotalMilliseconds:0} ms, loses {conditions.RequestLoss:P0} of requests and {conditions.AnswerLoss:P0} of answers, cuts {conditions.StreamCut:P0} of chunks");
    }

    /// <summary>Nothing passes between the named process (or node) and the server any more.</summary>
    public void Partition(string processName)
    {
        if (_partitioned.Add(processName))
        {
            history.Append("network", $"{processName} is cut off");
        }
    }

    public void Heal(string processName)
    {
        if (_partitioned.Remove(processName))
        {
            history.Append("network", $"{processName} is back");
        }
    }

    /// <summary>Ends every partition and disturbance.</summary>
    public void HealAll()
    {
        foreach (var name in _partitioned.ToArray())
        {
            Heal(name);
        }
        SetConditions(LinkConditions.Good);
    }
}
