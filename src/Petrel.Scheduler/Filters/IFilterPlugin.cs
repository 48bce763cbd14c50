using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>One rule about which nodes can take a pod.</summary>
internal interface IFilterPlugin
{
    /// <summary>Upstream's name of the plugin.</summary>
    string Name { get; }

    /// <summary>What may let a pod pass that failed here.</summary>
    ClusterEvents RetryOn { get; }

    /// <summary>The rule for one pod, with all that can be worked out beforehand; null when the pod passes everywhere.</summary>
    INodeFilter? For(PodInfo pod, ClusterState cluster);
}

/// <summary>A rule for one pod, in one scheduling cycle.</summary>
internal interface INodeFilter
{
    /// <summary>Whether the node can take the pod; if not, adds why, in upstream's words.</summary>
    bool Passes(NodeInfo node, List<string> reasons);
}
