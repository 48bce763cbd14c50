using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>
/// Every Job is over, or suspended without pods; what is over has no active pod, no pod that is still tracked, and the successes that it
/// says.
/// </summary>
public sealed class JobsComplete : IGoal
{
    private const string Tracking = "batch.kubernetes.io/job-tracking";

    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now) =>
        facts.Objects("/registry/batch/jobs/").Select(o => Unfinished(facts, o.Key, o.Value, now)).FirstOrDefault(u => u is not null);

    private static string? Unfinished(ClusterFacts facts, string key, JsonElement job, DateTimeOffset now)
    {
        var pods = facts.PodsOf(job.Uid()).ToList();
        var active = pods.Count(p => p.IsActive);
        if (active != job.Status("active"))
        {
            return $"{key}: status.active is {job.Status("active")}, and {active} is true";
        }
        if (job.At("spec", "suspend") is { ValueKind: JsonValueKind.True } && !job.Is("Complete") && !job.Is("Failed"))
        {
            return active == 0 ? null : $"{key} is suspended and has {active} active pods";
        }
        if (!job.Is("Complete") && !job.Is("Failed"))
        {
            // A cluster in which CronJobs go on making Jobs is never without an unfinished one.
            return job.Controller()?.Text("kind") == "CronJob" && now - Created(job) < TimeSpan.FromSeconds(60)
                ? null
                : $"{key} is not over";
        }
        if (active > 0)
        {
            return $"{key} is over and has {active} active pods";
        }
        if (pods.FirstOrDefault(p => p.Finalizers.Contains(Tracking)) is { } tracked)
        {
            return $"{key} is over and its pod {tracked.Name} is still tracked";
        }
        var completions = job.Number("spec", "completions");
        return
            job.Is("Complete") && completions is { } wanted && job.At("spec", "successPolicy") is null && job.Status("succeeded") != wanted
            ? $"{key} is Complete with {job.Status("succeeded")} of {wanted}"
            : null;
    }

    private static DateTimeOffset Created(JsonElement job) => job.At("metadata", "creationTimestamp")!.Value.GetDateTimeOffset();
}
