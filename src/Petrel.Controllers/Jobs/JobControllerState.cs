using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// What the controller remembers of a Job between syncs. Nothing depends on it for correctness: without it, the controller asks again for
/// pods that are gone, and waits less before it replaces a failed pod.
/// </summary>
internal sealed class JobControllerState
{
    /// <summary>The uids of pods that are counted, or known to be gone.</summary>
    public HashSet<string> GonePods { get; } = new(StringComparer.Ordinal);

    /// <summary>The delay after failures.</summary>
    public PodBackoff Backoff { get; } = new();

    /// <summary>Learns from the Job's pods and its status.</summary>
    public void Update(V1Job job, IEnumerable<V1Pod> pods)
    {
        foreach (var pod in pods)
        {
            if (pod.Status?.Phase == "Succeeded")
            {
                Backoff.RecordSuccess(pod);
            }
            // The controller itself deleted a pod without the finalizer, as surplus: that is no failure.
            else if (pod.Status?.Phase == "Failed" || (pod.IsTracked() && pod.IsDeleting() && !job.ReplacesOnlyFailed()))
            {
                Backoff.RecordFailure(pod);
            }
        }
        var uncounted = job.Status?.UncountedTerminatedPods;
        GonePods.IntersectWith([.. uncounted?.Succeeded ?? [], .. uncounted?.Failed ?? []]);
    }
}
