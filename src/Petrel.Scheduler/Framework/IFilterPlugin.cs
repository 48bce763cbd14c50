using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Framework;

/// <summary>Decides which nodes can take a pod (upstream: PreFilter and Filter).</summary>
internal interface IFilterPlugin : IPlugin
{
    /// <summary>
    /// The filter for this pod, with all that can be computed before nodes are looked at. It also serves other pods with the same <see
    /// cref="PodInfo.Signature"/>, for as long as <see cref="IPodObserver"/> keeps it current, unless the plan is volatile.
    /// </summary>
    FilterPlan For(PodInfo pod, ClusterState cluster);
}

/// <summary>What the answer about a node depends on, apart from the pod.</summary>
internal enum Reach
{
    /// <summary>The node and the pods on it. The answer is kept until either changes.</summary>
    Node,

    /// <summary>Pods of other nodes too. The filter is asked every time.</summary>
    Cluster,
}

/// <summary>The filter for pods of one signature. Nodes are given by their slots in <see cref="ClusterState"/>.</summary>
internal interface INodeFilter
{
    Reach Reach => Reach.Node;

    Status Check(int node);
}

/// <summary>
/// A filter or score that counts pods of the whole cluster (upstream: PreFilterExtensions). It is told of each pod that comes or goes, so
/// that it need not count all pods again. Add and Remove undo each other exactly: preemption removes pods, asks, and adds them again.
/// </summary>
internal interface IPodObserver
{
    /// <summary>
    /// Whether it also depends on the taints of all nodes. It is made anew when taints change. (When labels change it is made anew in any
    /// case.)
    /// </summary>
    bool DependsOnTaints => false;

    /// <summary>The pod is on the node now.</summary>
    void Add(PodInfo pod, int node);

    /// <summary>The pod is no longer on the node.</summary>
    void Remove(PodInfo pod, int node);
}

/// <summary>What a filter plugin says about a pod before nodes are looked at.</summary>
internal readonly record struct FilterPlan
{
    /// <summary>The pod passes everywhere (upstream: Skip).</summary>
    public static FilterPlan Skip => default;

    /// <summary>The filter to ask about each node; null when the pod passes on all nodes.</summary>
    public INodeFilter? Filter { get; private init; }

    /// <summary>Why the pod fits no node, for a reason that does not depend on nodes; null when there is none.</summary>
    public Status? Refusal { get; private init; }

    /// <summary>The names of the only nodes that can pass; null when any node may.</summary>
    public IReadOnlySet<string>? OnlyNodes { get; private init; }

    /// <summary>Whether the plan holds for this attempt only.</summary>
    public bool IsVolatile { get; private init; }

    public static FilterPlan With(INodeFilter filter, bool isVolatile = false, IReadOnlySet<string>? onlyNodes = null) =>
        new()
        {
            Filter = filter,
            IsVolatile = isVolatile,
            OnlyNodes = onlyNodes,
        };

    public static FilterPlan Refuse(Status status) => new() { Refusal = status, IsVolatile = true };
}
