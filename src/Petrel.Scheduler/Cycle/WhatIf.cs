using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// A node as it would be with pods taken away or added, for the pod of a <see cref="CycleState"/>. The cluster's columns really change
/// meanwhile, and the plugins that follow pods are told: so it costs what a pod's move costs. Disposing it puts everything back exactly;
/// one may be open at a time, and nothing else be asked.
/// </summary>
internal sealed class WhatIf(CycleState state, int node) : IDisposable
{
    private readonly Stack<(PodInfo Pod, bool Came)> _moves = new();

    /// <summary>The node and the pods on it as they would be.</summary>
    public NodeInfo Node => state.Cluster.At(node);

    /// <summary>As if a pod that is on the node weren't there.</summary>
    public void Remove(PodInfo pod) => Move(pod, came: false);

    /// <summary>As if a pod were on the node.</summary>
    public void Add(PodInfo pod) => Move(pod, came: true);

    public bool Passes() => Check(out _).Passes;

    /// <summary>Whether the pod would pass every filter, and if not, which refuses it.</summary>
    public Verdict Check(out IFilterPlugin? by) => state.CheckAfresh(node, out by);

    public void Dispose()
    {
        while (_moves.TryPop(out var move))
        {
            Apply(move.Pod, !move.Came);
        }
    }

    private void Move(PodInfo pod, bool came)
    {
        Apply(pod, came);
        _moves.Push((pod, came));
    }

    private void Apply(PodInfo pod, bool came)
    {
        if (came)
        {
            state.Cluster.Load(Node, pod);
        }
        else
        {
            state.Cluster.Unload(Node, pod);
        }
        state.Tell(pod, node, came);
    }
}
