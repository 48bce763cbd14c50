using k8s.Models;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers;

/// <summary>What a pod's status says, in the words of the workload controllers.</summary>
public static class PodStates
{
    /// <summary>Neither finished nor on its way out: it counts as a replica.</summary>
    public static bool IsActive(this V1Pod pod) => !pod.IsFinished() && pod.Metadata.DeletionTimestamp is null;

    /// <summary>Succeeded or failed: it will never run again.</summary>
    public static bool IsFinished(this V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    /// <summary>Asked to go and not finished yet.</summary>
    public static bool IsTerminating(this V1Pod pod) => !pod.IsFinished() && pod.Metadata.DeletionTimestamp is not null;

    /// <summary>Whether its Ready condition is true.</summary>
    public static bool IsReady(this V1Pod pod) => ReadyCondition(pod) is { Status: "True" };

    /// <summary>Since when it is ready; null when it is not, or does not say.</summary>
    public static DateTimeOffset? ReadySince(this V1Pod pod) =>
        ReadyCondition(pod) is { Status: "True", LastTransitionTime: { } since } ? Utc(since) : null;

    /// <summary>
    /// How long until it has been ready for <paramref name="minReadySeconds"/>: zero or less when it is available now, null when it is not
    /// ready.
    /// </summary>
    public static TimeSpan? UntilAvailable(this V1Pod pod, int minReadySeconds, DateTimeOffset now)
    {
        if (!pod.IsReady())
        {
            return null;
        }
        if (minReadySeconds <= 0)
        {
            return TimeSpan.Zero;
        }
        return pod.ReadySince() is { } since ? since + TimeSpan.FromSeconds(minReadySeconds) - now : null;
    }

    /// <summary>A time of the API, which is always UTC.</summary>
    internal static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static V1PodCondition? ReadyCondition(V1Pod pod) => pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready");
}
