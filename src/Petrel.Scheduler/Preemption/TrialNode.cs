using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>A dry run on the cluster's own columns. Disposing it undoes it.</summary>
internal sealed class TrialNode : ITrialNode, IDisposable
{
    private readonly WhatIf _whatIf;
    private readonly PodInfo[] _nominated;

    public TrialNode(CycleState state, int node)
    {
        Name = state.Cluster.At(node).Name;
        // A copy: removing a pod changes the node's list.
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

    // With the nominated pods of the same or a higher priority, and without them: they may never come.
    public Status Check()
    {
        if (_nominated.Length > 0)
        {
            Array.ForEach(_nominated, _whatIf.Add);
            var status = _whatIf.Check(out _);
            Array.ForEach(_nominated, _whatIf.Remove);
            if (!status.IsSuccess)
            {
                return status;
            }
        }
        return _whatIf.Check(out _);
    }

    public void Dispose() => _whatIf.Dispose();
}
