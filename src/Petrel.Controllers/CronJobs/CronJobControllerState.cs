using k8s.Models;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// What the controller remembers of a CronJob between syncs. Nothing depends on it for correctness: without it, the controller asks the API
/// again and records some events again.
/// </summary>
internal sealed class CronJobControllerState
{
    /// <summary>The uids of active Jobs that are known to be gone.</summary>
    public HashSet<string> GoneJobs { get; } = new(StringComparer.Ordinal);

    /// <summary>The uids of Jobs that the controller deleted.</summary>
    public HashSet<string> DeletedJobs { get; } = new(StringComparer.Ordinal);

    /// <summary>The uids of Jobs that the controller did not create, and recorded an event about.</summary>
    public HashSet<string> UnexpectedJobs { get; } = new(StringComparer.Ordinal);

    /// <summary>Forgets Jobs that are neither active nor in the cache.</summary>
    public void Prune(V1CronJob cronJob, IReadOnlyList<V1Job> jobs)
    {
        HashSet<string> known = [.. (cronJob.Status?.Active ?? []).Select(a => a.Uid), .. jobs.Select(j => j.Metadata.Uid)];
        GoneJobs.IntersectWith(known);
        DeletedJobs.IntersectWith(known);
        UnexpectedJobs.IntersectWith(known);
    }
}
