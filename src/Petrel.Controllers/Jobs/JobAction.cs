using k8s.Models;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Jobs;

/// <summary>The next action for a Job. When the caches show its result, another plan is made.</summary>
public abstract record JobAction
{
    private JobAction() { }

    /// <summary>Release and adopt pods.</summary>
    public sealed record Adopt(AdoptionPlan<V1Pod> Plan) : JobAction;

    /// <summary>Ask the API whether the pods with these uids are gone, or the cache lags.</summary>
    public sealed record VerifyPods(IReadOnlyList<string> Uids) : JobAction;

    /// <summary>Write the status.</summary>
    public sealed record WriteStatus(V1JobStatus Status, IReadOnlyList<ControllerEvent> Events) : JobAction;

    /// <summary>Delete pods. Pods that must not be counted lose their finalizer first.</summary>
    public sealed record DeletePods(IReadOnlyList<V1Pod> Pods, bool Uncounted) : JobAction;

    /// <summary>Add the tracking finalizer to pods that lack it.</summary>
    public sealed record AddFinalizer(IReadOnlyList<V1Pod> Pods) : JobAction;

    /// <summary>Create pods.</summary>
    public sealed record CreatePods(IReadOnlyList<NewJobPod> Pods) : JobAction;

    /// <summary>Remove the tracking finalizer from pods that the status counts.</summary>
    public sealed record RemoveFinalizer(IReadOnlyList<V1Pod> Pods) : JobAction;

    /// <summary>Nothing to do until something changes, or the delay is over.</summary>
    public sealed record Wait(TimeSpan? RequeueAfter) : JobAction;
}
