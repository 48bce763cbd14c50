using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Cycle;

/// <summary>Is asked when no node is feasible for a pod (upstream: PostFilter). Preemption is the built-in one.</summary>
internal interface IPostFilterPlugin : IPlugin
{
    /// <summary>What the plugin does for the pod; null when it cannot help.</summary>
    PostFilterResult? PostFilter(CycleState state, Diagnosis diagnosis);
}

/// <summary>What a post-filter plugin does for a pod.</summary>
/// <param name="NominatedNode">The node that the pod is nominated to. Null clears a nomination that the pod has.</param>
/// <param name="Message">What the failure's message says in addition.</param>
/// <param name="Action">Requests to the API. The scheduler runs the action beside its loop. A failure of it ends the scheduler.</param>
internal sealed record PostFilterResult(string? NominatedNode, string Message, Func<CancellationToken, Task>? Action = null)
{
    /// <summary>
    /// Whether the result is the same for other pods of this signature that have no nomination, for as long as the cluster does not change.
    /// </summary>
    public bool HoldsForOthers { get; init; }

    /// <summary>The pods that are preempted; null when there are none.</summary>
    public PreemptionRecord? Preemption { get; init; }
}

/// <summary>Asks what can be done for a pod for which no node is feasible.</summary>
internal delegate PostFilterResult? PostFilter(CycleState state, Diagnosis diagnosis);
