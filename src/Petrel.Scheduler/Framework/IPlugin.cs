using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// A part of the scheduler that a profile can switch on and off (upstream: a framework plugin). What it does is told by the other
/// interfaces of this folder that it implements, any number of them. One instance serves one profile; the scheduling loop alone calls it.
/// </summary>
internal interface IPlugin
{
    /// <summary>Upstream's name of the plugin.</summary>
    string Name { get; }

    /// <summary>
    /// The kinds of objects, beside pods, nodes and namespaces, that must be known before this pod can be judged. Their watch starts when
    /// first needed.
    /// </summary>
    ObjectKinds Needs(PodInfo pod) => ObjectKinds.None;
}

/// <summary>
/// A plugin that can refuse pods, and so knows what may help them (upstream: EnqueueExtensions). Of a plugin that refuses and does not
/// implement this, pods wait for the next event of any kind.
/// </summary>
internal interface IRetryHints : IPlugin
{
    /// <summary>The kinds of events that may let a pod pass that failed here.</summary>
    ClusterEvents RetryOn { get; }

    /// <summary>
    /// Whether this very event may help this very pod (upstream: a queueing hint); asked only about events of <see cref="RetryOn"/>.
    /// </summary>
    bool MayHelp(PodInfo waiting, in ClusterEvent happened) => true;
}
