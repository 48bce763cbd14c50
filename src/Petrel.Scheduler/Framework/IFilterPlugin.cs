using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Framework;

/// <summary>One rule about which nodes can take a pod (upstream: PreFilter and Filter).</summary>
internal interface IFilterPlugin : IPlugin
{
    /// <summary>
    /// The rule for this pod, with all that can be worked out beforehand. It also serves other pods of the same <see
    /// cref="PodInfo.Signature"/>, for as long as it can be kept current (<see cref="IFollowsPods"/>), unless the plan is marked volatile.
    /// </summary>
    FilterPlan For(PodInfo pod, ClusterState cluster);
}

/// <summary>What a verdict or score about a node depends on, beside the pod.</summary>
internal enum Reach
{
    /// <summary>The node and the pods on it: it is kept until either changes.</summary>
    Node,

    /// <summary>Pods of other nodes too: it is asked every time.</summary>
    Cluster,
}

/// <summary>A rule for pods of one signature. Nodes are given by their slot in the <see cref="ClusterState"/>.</summary>
internal interface INodeFilter
{
    Reach Reach => Reach.Node;

    Verdict Check(int node);
}

/// <summary>
/// A filter or score that keeps something about the pods of the whole cluster. It is told of each pod that comes and goes, so that it
/// needn't look at all of them again. The two calls undo each other exactly: preemption takes pods away, asks, and puts them back.
/// </summary>
internal interface IFollowsPods
{
    /// <summary>
    /// Whether it also depends on the taints of all nodes; then it is made anew when some change. (Labels are taken for granted.)
    /// </summary>
    bool DependsOnTaints => false;

    /// <summary>The pod is on the node now.</summary>
    void Add(PodInfo pod, int node);

    /// <summary>The pod, which was on the node, isn't any more.</summary>
    void Remove(PodInfo pod, int node);
}

/// <summary>What a filter plugin has to say about a pod, before any node is looked at.</summary>
internal readonly record struct FilterPlan
{
    /// <summary>The pod passes everywhere (upstream: Skip).</summary>
    public static FilterPlan Skip => default;

    /// <summary>The rule to ask about each node; null when the pod passes everywhere.</summary>
    public INodeFilter? Filter { get; private init; }

    /// <summary>The pod passes nowhere, for a reason that is no node's; null when it isn't so.</summary>
    public Verdict? Refusal { get; private init; }

    /// <summary>The names of the only nodes that can pass; null when any may.</summary>
    public IReadOnlySet<string>? OnlyNodes { get; private init; }

    /// <summary>It holds for this attempt only.</summary>
    public bool IsVolatile { get; private init; }

    public static FilterPlan With(INodeFilter filter, bool isVolatile = false, IReadOnlySet<string>? onlyNodes = null) =>
        new()
        {
            Filter = filter,
            IsVolatile = isVolatile,
            OnlyNodes = onlyNodes,
        };

    public static FilterPlan Refuse(Verdict verdict) => new() { Refusal = verdict, IsVolatile = true };
}
