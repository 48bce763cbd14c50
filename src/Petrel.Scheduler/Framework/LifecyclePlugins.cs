using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// Decides whether a pod may enter the active queue (upstream: PreEnqueue). A refused pod is asked about again after an event that may
/// help it.
/// </summary>
internal interface IPreEnqueuePlugin : IPlugin
{
    /// <summary>Why the pod may not be scheduled yet; null when it may.</summary>
    Status? Refuse(PodInfo pod);
}

/// <summary>Reserves something for a pod from its placement on (upstream: Reserve).</summary>
internal interface IReservePlugin : IPlugin
{
    /// <summary>Null when the reservation is made. Otherwise why not: the pod is scheduled again later.</summary>
    Status? Reserve(PodInfo pod, int node);

    /// <summary>Drops the reservation. Also called when this plugin's or a later plugin's Reserve fails.</summary>
    void Unreserve(PodInfo pod, int node);
}

/// <summary>Can delay or refuse the binding of a placed pod (upstream: Permit).</summary>
internal interface IPermitPlugin : IPlugin
{
    Permit Permit(PodInfo pod, int node);
}

/// <summary>Whether a placed pod may be bound: now, never, or when the plugin allows it by <see cref="IWaitingPods"/>.</summary>
internal readonly record struct Permit
{
    public static Permit Allow => default;

    /// <summary>Why the pod is refused; null when it may be bound or waits.</summary>
    public Status? Refusal { get; private init; }

    /// <summary>How long the pod keeps its place while it waits. Then it is refused.</summary>
    public TimeSpan? Timeout { get; private init; }

    public static Permit Refuse(Status status) => new() { Refusal = status };

    public static Permit Wait(TimeSpan timeout) => new() { Timeout = timeout };
}

/// <summary>The placed pods that wait for a permit. Calls take effect before the next pod is scheduled.</summary>
internal interface IWaitingPods
{
    /// <summary>The pods with their nodes' slots, in the order of their placement.</summary>
    IReadOnlyList<(PodInfo Pod, int Node)> Waiting { get; }

    /// <summary>Allows the binding on behalf of this plugin.</summary>
    void Allow(string uid, IPlugin plugin);

    /// <summary>Frees the place of a pod. It is scheduled again after an event that may help it.</summary>
    void Reject(string uid, IPlugin plugin, Status why);
}

/// <summary>Sends requests to the API between the placement of a pod and its binding (upstream: PreBind).</summary>
internal interface IPreBindPlugin : IPlugin
{
    /// <summary>Whether there is anything to do for this pod.</summary>
    bool Concerns(PodInfo pod, int node);

    /// <summary>Null when the pod can be bound; otherwise why not. Runs beside the scheduling loop.</summary>
    Task<string?> PreBindAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken);
}
