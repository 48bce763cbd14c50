using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// What the controller knows of one job beyond the caches. Without it, it is as safe: it looks again for pods that are gone, and waits less
/// before it replaces one.
/// </summary>
internal sealed class JobControllerState(string jobUid)
{
    public string JobUid => jobUid;

    /// <summary>The uids of pods that are counted, or known not to exist any more.</summary>
    public HashSet<string> Gone { get; } = new(StringComparer.Ordinal);

    public PodBackoff Backoff { get; } = new();

    /// <summary>Learns from the job's pods.</summary>
    public void Look(V1Job job, IEnumerable<V1Pod> pods)
    {
        foreach (var pod in pods)
        {
            if (pod.Status?.Phase == "Succeeded")
            {
                Backoff.Succeeded(pod);
            }
            // One without the finalizer that is on its way out was one too many.
            else if (
                pod.Status?.Phase == "Failed"
                || (pod.IsTracked() && pod.Metadata.DeletionTimestamp is not null && !job.ReplacesOnlyFailed())
            )
            {
                Backoff.Failed(pod);
            }
        }
        var uncounted = job.Status?.UncountedTerminatedPods;
        Gone.IntersectWith([.. uncounted?.Succeeded ?? [], .. uncounted?.Failed ?? []]);
    }
}
