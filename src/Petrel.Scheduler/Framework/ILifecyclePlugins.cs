using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// Decides whether a pod may be tried at all (upstream: PreEnqueue). A pod that may not is looked at again when an event happens that may
/// help it.
/// </summary>
internal interface IPreEnqueuePlugin : IPlugin
{
    /// <summary>Null when it may; else why not.</summary>
    Verdict? Refuse(PodInfo pod);
}

/// <summary>Is asked when a pod fits nowhere (upstream: PostFilter): preemption.</summary>
internal interface IPostFilterPlugin : IPlugin
{
    /// <summary>Null when it can't help.</summary>
    PostFilterResult? PostFilter(CycleState state, Diagnosis diagnosis);
}

/// <summary>
/// What became of it: the node that the pod is nominated to (null: none, not even one that it was nominated to before), what the failure's
/// message says in addition, and what there is to do at the API meanwhile (it is owned by the scheduler, and a failure of it ends the
/// scheduler).
/// </summary>
internal sealed record PostFilterResult(string? NominatedNode, string Message, Func<CancellationToken, Task>? Act = null)
{
    /// <summary>
    /// Whether other pods of the same signature, which wait for no node, would be answered the same as long as the cluster is as it is.
    /// </summary>
    public bool HoldsForOthers { get; init; }

    /// <summary>Whom the pod displaces; null when nobody.</summary>
    public PreemptionRecord? Preemption { get; init; }
}

/// <summary>Keeps something for a pod from its placement on (upstream: Reserve).</summary>
internal interface IReservePlugin : IPlugin
{
    /// <summary>Null when it is kept; else why the pod can't have it: it is tried again later.</summary>
    Verdict? Reserve(PodInfo pod, int node);

    /// <summary>The placement is taken back. Also called when this plugin's own or a later plugin's reservation failed.</summary>
    void Unreserve(PodInfo pod, int node);
}

/// <summary>Can hold back a placed pod's binding (upstream: Permit): gangs.</summary>
internal interface IPermitPlugin : IPlugin
{
    Permit Permit(PodInfo pod, int node);
}

/// <summary>Whether a placed pod may be bound: now, not at all, or when the plugin says so to <see cref="IWaitingPods"/>.</summary>
internal readonly record struct Permit
{
    public static Permit Allow => default;

    /// <summary>Why not; null when it may, or waits.</summary>
    public Verdict? Refusal { get; private init; }

    /// <summary>How long the pod keeps its place without being allowed; then it is refused.</summary>
    public TimeSpan? Timeout { get; private init; }

    public static Permit Refuse(Verdict verdict) => new() { Refusal = verdict };

    public static Permit Wait(TimeSpan timeout) => new() { Timeout = timeout };
}

/// <summary>The pods that are placed and wait for a permit. Calls take effect before the next pod is scheduled.</summary>
internal interface IWaitingPods
{
    /// <summary>Each with its node's slot, in the order of their placement.</summary>
    IReadOnlyList<(PodInfo Pod, int Node)> Waiting { get; }

    /// <summary>Lets a pod be bound as far as this plugin is concerned.</summary>
    void Allow(string uid, IPlugin plugin);

    /// <summary>Takes a pod's place away; it is tried again when something happens that may help it.</summary>
    void Reject(string uid, IPlugin plugin, Verdict why);
}

/// <summary>Has work to do at the API between the placement of a pod and its binding (upstream: PreBind).</summary>
internal interface IPreBindPlugin : IPlugin
{
    /// <summary>Whether there is any for this pod.</summary>
    bool Concerns(PodInfo pod, int node);

    /// <summary>Answers null when the pod can be bound; else why not. Runs beside the scheduling loop.</summary>
    Task<string?> PreBindAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken);
}
