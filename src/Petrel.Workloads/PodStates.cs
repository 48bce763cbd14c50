using k8s.Models;

namespace Petrel.Workloads;

/// <summary>What the phase, the conditions and the deletion timestamp of a pod mean for workloads.</summary>
public static class PodStates
{
    /// <summary>The pod succeeded or failed. Its containers never run again (upstream: <c>IsPodTerminal</c>).</summary>
    public static bool IsFinished(this V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    /// <summary>The pod's deletion was requested, whether it is finished or not.</summary>
    public static bool IsDeleting(this V1Pod pod) => pod.Metadata.DeletionTimestamp is not null;

    /// <summary>The pod counts as a replica: it is neither finished nor being deleted (upstream: <c>IsPodActive</c>).</summary>
    public static bool IsActive(this V1Pod pod) => !pod.IsFinished() && !pod.IsDeleting();

    /// <summary>The pod is being deleted and not finished yet (upstream: <c>IsPodTerminating</c>).</summary>
    public static bool IsTerminating(this V1Pod pod) => !pod.IsFinished() && pod.IsDeleting();

    /// <summary>The pod's condition Ready is true.</summary>
    public static bool IsReady(this V1Pod pod) => ReadyCondition(pod) is { Status: "True" };

    /// <summary>When the pod became ready. Null when it is not ready, or the condition has no transition time.</summary>
    public static DateTimeOffset? ReadySince(this V1Pod pod) =>
        ReadyCondition(pod) is { Status: "True", LastTransitionTime: { } since } ? Utc(since) : null;

    /// <summary>
    /// How long until the pod has been ready for <paramref name="minReadySeconds"/>: zero or less when it is available now, null when it is
    /// not ready.
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

    /// <summary>The pod has been ready for <paramref name="minReadySeconds"/> (upstream: <c>IsPodAvailable</c>).</summary>
    public static bool IsAvailable(this V1Pod pod, int minReadySeconds, DateTimeOffset now) =>
        pod.UntilAvailable(minReadySeconds, now) is { } wait && wait <= TimeSpan.Zero;

    /// <summary>The pod's condition of this type, or null.</summary>
    public static V1PodCondition? Condition(this V1Pod pod, string type)
    {
        var conditions = pod.Status?.Conditions;
        for (var i = 0; i < (conditions?.Count ?? 0); i++)
        {
            if (conditions![i].Type == type)
            {
                return conditions[i];
            }
        }
        return null;
    }

    /// <summary>An init container that keeps running beside the containers of the pod (its restart policy is Always).</summary>
    public static bool IsSidecar(this V1Container initContainer) => initContainer.RestartPolicy == "Always";

    // Times of the API are UTC, whatever the deserializer says about their kind.
    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static V1PodCondition? ReadyCondition(V1Pod pod) => pod.Condition("Ready");
}
