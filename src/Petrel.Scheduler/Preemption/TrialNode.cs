using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>A trial on the cluster's own columns, which disposing puts back.</summary>
internal sealed class TrialNode : ITrialNode, IDisposable
{
    private readonly WhatIf _whatIf;
    private readonly PodInfo[] _nominated;

    public TrialNode(CycleState state, int node)
    {
        Name = state.Cluster.At(node).Name;
        // Removing one changes the list that it is read from.
        Pods = [.. state.Cluster.At(node).Pods];
        _nominated =
        [
            .. state
                .Cluster.Nominations.On(Name)
                .Where(p => p.Priority >= state.Pod.Priority && p.Uid != state.Pod.Uid && state.Cluster.Find(p.Uid) is null),
        ];
        _whatIf = state.WhatIf(node);
    }

    public string Name { get; }

    public IReadOnlyList<PodInfo> Pods { get; }

    public void Remove(PodInfo pod) => _whatIf.Remove(pod);

    public void Add(PodInfo pod) => _whatIf.Add(pod);

    // With those that go before it, and without them: they may never come.
    public Verdict Check()
    {
        if (_nominated.Length > 0)
        {
            Array.ForEach(_nominated, _whatIf.Add);
            var verdict = _whatIf.Check(out _);
            Array.ForEach(_nominated, _whatIf.Remove);
            if (!verdict.Passes)
            {
                return verdict;
            }
        }
        return _whatIf.Check(out _);
    }

    public void Dispose() => _whatIf.Dispose();
}
