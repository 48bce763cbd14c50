using k8s.Models;

namespace Petrel.Controllers.CronJobs;

/// <summary>What the controller knows of one CronJob beyond the caches: without it, it looks again, and tells again.</summary>
internal sealed class CronJobControllerState(string cronJobUid)
{
    public string CronJobUid => cronJobUid;

    /// <summary>The uids of active jobs that are known not to exist any more.</summary>
    public HashSet<string> Gone { get; } = new(StringComparer.Ordinal);

    /// <summary>The uids of jobs that the controller deleted.</summary>
    public HashSet<string> Deleted { get; } = new(StringComparer.Ordinal);

    /// <summary>The uids of jobs of others that were told of.</summary>
    public HashSet<string> UnexpectedJobs { get; } = new(StringComparer.Ordinal);

    /// <summary>Forgets what is neither active nor there.</summary>
    public void Keep(V1CronJob cronJob, IReadOnlyList<V1Job> jobs)
    {
        HashSet<string> known = [.. (cronJob.Status?.Active ?? []).Select(a => a.Uid), .. jobs.Select(j => j.Metadata.Uid)];
        Gone.IntersectWith(known);
        Deleted.IntersectWith(known);
        UnexpectedJobs.IntersectWith(known);
    }
}
