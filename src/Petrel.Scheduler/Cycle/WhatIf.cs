using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>
/// A dry run on one node: pods are added and removed for the pod of a <see cref="CycleState"/>, and the filters asked. It changes the
/// columns of the cluster and notifies the plugins that count pods, so it costs as much as real moves. Disposing it undoes everything
/// exactly. Only one dry run may be open, and nothing else may be asked meanwhile.
/// </summary>
internal sealed class WhatIf(CycleState state, int node) : IDisposable
{
    private readonly Stack<(PodInfo Pod, bool Added)> _moves = new();

    /// <summary>The node and its pods in the dry run.</summary>
    public NodeInfo Node => state.Cluster.At(node);

    /// <summary>Removes a pod that is on the node.</summary>
    public void Remove(PodInfo pod) => Move(pod, added: false);

    /// <summary>Adds a pod to the node.</summary>
    public void Add(PodInfo pod) => Move(pod, added: true);

    public bool IsFeasible() => Check(out _).IsSuccess;

    /// <summary>Whether the pod would pass every filter; otherwise the filter that refuses it.</summary>
    public Status Check(out IFilterPlugin? by) => state.CheckWithoutResults(node, out by);

    public void Dispose()
    {
        while (_moves.TryPop(out var move))
        {
            Apply(move.Pod, !move.Added);
        }
    }

    private void Move(PodInfo pod, bool added)
    {
        Apply(pod, added);
        _moves.Push((pod, added));
    }

    private void Apply(PodInfo pod, bool added)
    {
        if (added)
        {
            state.Cluster.Load(Node, pod);
        }
        else
        {
            state.Cluster.Unload(Node, pod);
        }
        state.NotifyObservers(pod, node, added);
    }
}
