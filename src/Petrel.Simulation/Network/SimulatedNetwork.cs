using Petrel.Faults.Links;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Network.Watches;

namespace Petrel.Simulation.Network;

/// <summary>The state of the network between the cluster's processes and the API server.</summary>
public sealed class SimulatedNetwork(RunHistory history)
{
    // In the order in which they began. Several may affect one process at once, and each ends independently.
    private readonly List<Disturbance> _disturbances = [];
    private readonly List<(SimulatedProcess Process, Action Cut)> _streams = [];
    private readonly Dictionary<string, LinkConditions> _conditions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkDirection> _blocked = new(StringComparer.Ordinal);

    /// <summary>Requests that reached the server.</summary>
    public long Requests { get; private set; }

    /// <summary>The conditions of all links, without disturbances.</summary>
    public LinkConditions Conditions { get; private set; } = LinkConditions.Good;

    /// <summary>Observes what watchers receive; null for no observer.</summary>
    public IWatchObserver? Watches { get; set; }

    /// <summary>Whether the server's work is marked with the caller of its request: see <see cref="RequestOrigin"/>.</summary>
    public bool MarksOrigin { get; set; }

    /// <summary>How messages of a process travel now.</summary>
    public LinkConditions ConditionsOf(string processName)
    {
        if (_disturbances.Count == 0)
        {
            return Conditions;
        }
        if (!_conditions.TryGetValue(processName, out var conditions))
        {
            conditions = Conditions;
            foreach (var disturbance in _disturbances)
            {
                if (disturbance.Conditions is { } worse && disturbance.Concerns(processName))
                {
                    conditions = conditions.With(worse);
                }
            }
            _conditions[processName] = conditions;
        }
        return conditions;
    }

    /// <summary>Whether nothing passes that way between a process and the server.</summary>
    public bool Blocks(string processName, LinkDirection direction)
    {
        if (_disturbances.Count == 0)
        {
            return false;
        }
        if (!_blocked.TryGetValue(processName, out var blocked))
        {
            foreach (var disturbance in _disturbances)
            {
                blocked |= disturbance.Concerns(processName) ? disturbance.Blocked : LinkDirection.None;
            }
            _blocked[processName] = blocked;
        }
        return (blocked & direction) != 0;
    }

    /// <summary>Whether what a process watches is held back, while its requests pass.</summary>
    public bool HoldsStreams(string processName) => _disturbances.Exists(d => d.HoldsStreams && d.Concerns(processName));

    internal void CountRequest() => Requests++;

    public void SetConditions(LinkConditions conditions)
    {
        Conditions = conditions;
        _conditions.Clear();
        history.Append("network", conditions == LinkConditions.Good ? "good" : conditions.ToString());
    }

    /// <summary>Begins a disturbance.</summary>
    public Effect Disturb(Disturbance disturbance)
    {
        _disturbances.Add(disturbance);
        Changed();
        return new Effect(() =>
        {
            // By reference: another disturbance may be equal.
            var index = _disturbances.FindIndex(d => ReferenceEquals(d, disturbance));
            if (index >= 0)
            {
                _disturbances.RemoveAt(index);
                Changed();
            }
        });
    }

    /// <summary>Cuts every stream to a process, or to all when its name is empty. What is under way on them is lost.</summary>
    public void CutStreams(string processName)
    {
        foreach (var (_, cut) in _streams.Where(s => processName.Length == 0 || s.Process.Name == processName).ToArray())
        {
            cut();
        }
    }

    /// <summary>Ends every disturbance.</summary>
    public void HealAll()
    {
        _disturbances.Clear();
        Changed();
        SetConditions(LinkConditions.Good);
    }

    /// <summary>Registers a stream to a process until the effect is disposed of.</summary>
    internal Effect AddStream(SimulatedProcess process, Action cut)
    {
        // The streams of dead processes end without notice.
        _streams.RemoveAll(s => !s.Process.IsAlive);
        var stream = (process, cut);
        _streams.Add(stream);
        return new Effect(() => _streams.Remove(stream));
    }

    private void Changed()
    {
        _conditions.Clear();
        _blocked.Clear();
    }
}

/// <summary>Something wrong with the way between the server and one process, or all when <see cref="Process"/> is empty.</summary>
public sealed record Disturbance(string Process)
{
    /// <summary>Which way nothing passes.</summary>
    public LinkDirection Blocked { get; init; }

    /// <summary>How messages travel meanwhile.</summary>
    public LinkConditions? Conditions { get; init; }

    /// <summary>Chunks of streams wait until it ends.</summary>
    public bool HoldsStreams { get; init; }

    public bool Concerns(string processName) => Process.Length == 0 || Process == processName;
}
