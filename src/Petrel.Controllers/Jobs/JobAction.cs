using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>An event about a job.</summary>
public sealed record JobEvent(string Type, string Reason, string Message);

/// <summary>The next thing to do about a job. When it is done and the caches show it, the plan is made anew.</summary>
public abstract record JobAction
{
    private JobAction() { }

    /// <summary>Adopt pods, and let pods go that the selector does not match any more.</summary>
    public sealed record Claim(IReadOnlyList<V1Pod> Adopt, IReadOnlyList<V1Pod> Release) : JobAction;

    /// <summary>Find out whether the pods with these uids are gone or the cache only does not show them.</summary>
    public sealed record VerifyPods(IReadOnlyList<string> Uids) : JobAction;

    /// <summary>Write the status.</summary>
    public sealed record WriteStatus(V1JobStatus Status, IReadOnlyList<JobEvent> Events) : JobAction;

    /// <summary>Delete pods; those that are not to be counted lose their finalizer first.</summary>
    public sealed record DeletePods(IReadOnlyList<V1Pod> Pods, bool Uncounted) : JobAction;

    /// <summary>Give pods the finalizer that they lack.</summary>
    public sealed record AddFinalizer(IReadOnlyList<V1Pod> Pods) : JobAction;

    /// <summary>Make pods.</summary>
    public sealed record CreatePods(IReadOnlyList<NewJobPod> Pods) : JobAction;

    /// <summary>Take the finalizer off pods that the status accounts for.</summary>
    public sealed record RemoveFinalizer(IReadOnlyList<V1Pod> Pods) : JobAction;

    /// <summary>Nothing to do; look again after a while, or when something changes.</summary>
    public sealed record Wait(TimeSpan? RequeueAfter) : JobAction;
}
