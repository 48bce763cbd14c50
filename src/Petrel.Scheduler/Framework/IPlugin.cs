using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// A part of the scheduler that a profile can enable and disable (upstream: a framework plugin). The other interfaces that it implements
/// say at which extension points it is called. One instance serves one profile, and only the scheduling loop calls it.
/// </summary>
internal interface IPlugin
{
    /// <summary>Upstream's name of the plugin.</summary>
    string Name { get; }

    /// <summary>
    /// The kinds of objects, apart from pods, nodes and namespaces, that must be known before this pod can be scheduled. Their watch
    /// starts when a pod first needs them.
    /// </summary>
    ObjectKinds Needs(PodInfo pod) => ObjectKinds.None;
}

/// <summary>
/// A plugin that knows which events may help the pods it refused (upstream: EnqueueExtensions). Pods that another plugin refused are tried
/// again after any event.
/// </summary>
internal interface IQueueingHints : IPlugin
{
    /// <summary>The kinds of events that may help pods that the plugin refused.</summary>
    ClusterEvents RetryOn { get; }

    /// <summary>
    /// Whether this event may help this pod (upstream: a queueing hint). Asked only about events of <see cref="RetryOn"/>.
    /// </summary>
    bool MayHelp(PodInfo waiting, in ClusterEvent happened) => true;
}

/// <summary>Which events make the scheduler try a pod again that a plugin refused.</summary>
internal static class QueueingHints
{
    /// <summary>The events that the plugin names; all events when it names none.</summary>
    public static ClusterEvents RetryEvents(this IPlugin plugin) => plugin is IQueueingHints hints ? hints.RetryOn : ClusterEvents.Any;
}
