using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>A pod whose containers were started on a machine.</summary>
/// <param name="Uid">The pod's.</param>
/// <param name="Namespace">The pod's.</param>
/// <param name="Name">The pod's.</param>
/// <param name="Node">Where.</param>
/// <param name="IsRunning">Whether one of its containers runs there now.</param>
public sealed record RunningPod(string Uid, string Namespace, string Name, string Node, Func<bool> IsRunning);

/// <summary>
/// A rule about containers that really run. It learns of each start before the agent does, and can see what else runs then.
/// </summary>
public interface IRunRule
{
    string Name { get; }

    /// <summary>A container of a pod has started. Returns what is wrong with that, or null.</summary>
    string? Started(RunningPod pod, IEnumerable<RunningPod> others);
}

/// <summary>What runs where by the machines' own account, whatever the API says.</summary>
public sealed class RunningPods(ClusterFacts facts, IReadOnlyList<IRunRule> rules)
{
    private readonly SortedDictionary<(string Uid, string Node), RunningPod> _started = [];

    /// <summary>A container of a pod has started. Returns each rule that this breaks, and how.</summary>
    public IEnumerable<(string Rule, string Problem)> Started(string podUid, string node, Func<bool> isRunning)
    {
        var known = facts.LastSeenPod(podUid);
        var pod = new RunningPod(podUid, known?.Namespace ?? "", known?.Name ?? "", node, isRunning);
        _started[(pod.Uid, pod.Node)] = pod;
        var others = _started.Values.Where(p => (p.Uid, p.Node) != (pod.Uid, pod.Node) && p.IsRunning());
        foreach (var rule in rules)
        {
            if (rule.Started(pod, others) is { } problem)
            {
                yield return (rule.Name, problem);
            }
        }
    }

    /// <summary>The pods with a container that runs now.</summary>
    public IEnumerable<RunningPod> Running => _started.Values.Where(p => p.IsRunning());

    /// <summary>Nothing of a pod is left on a node.</summary>
    public void Stopped(string podUid, string node) => _started.Remove((podUid, node));

    /// <summary>A node has lost its power, and with it everything that ran there.</summary>
    public void NodeLost(string node)
    {
        foreach (var key in _started.Keys.Where(k => k.Node == node).ToArray())
        {
            _started.Remove(key);
        }
    }
}
