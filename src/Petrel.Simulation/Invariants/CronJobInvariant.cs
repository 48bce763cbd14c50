using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// A CronJob makes one Job for one time, never two; with the policy Forbid it never makes one while another is unfinished, and with Replace
/// only beside those that are on their way out.
/// </summary>
public sealed class CronJobInvariant(ClusterFacts facts) : IInvariant
{
    private const string Jobs = "/registry/batch/jobs/";
    private const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    private readonly SortedSet<string> _made = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "cron jobs";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        foreach (var change in commit)
        {
            if (
                change.Before is not null
                || change.After is not { } job
                || !change.Key.StartsWith(Jobs, StringComparison.Ordinal)
                || job.Controller() is not { } owner
                || owner.Text("kind") != "CronJob"
            )
            {
                continue;
            }
            var time = job.Text("metadata", "annotations", ScheduledAt);
            if (time.Length > 0 && !_made.Add($"{owner.Text("uid")} {time}"))
            {
                return $"CronJob {owner.Text("name")} made a second Job for {time}: {job.Name()}";
            }
            var policy = facts.ByUid(owner.Text("uid"))?.Text("spec", "concurrencyPolicy");
            if (policy is not ("Forbid" or "Replace"))
            {
                continue;
            }
            foreach (var (key, other) in facts.Objects(Jobs))
            {
                if (
                    key != change.Key
                    && other.ControllerUid() == owner.Text("uid")
                    && !other.Is("Complete")
                    && !other.Is("Failed")
                    && (policy == "Forbid" || !other.IsTerminating())
                )
                {
                    return $"CronJob {owner.Text("name")} ({policy}) made {job.Name()} while {other.Name()} is active";
                }
            }
        }
        return null;
    }
}
